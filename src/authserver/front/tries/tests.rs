use super::*;
use crate::test_house::bank;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("in range")
}

fn host_of(network: u8, host: u8) -> IpAddr {
    IpAddr::from([203, 0, network, host])
}

/// Somebody at this address is wrong about a name, at this second.
fn wrong(wrong: &WrongLogIns, peer: IpAddr, name: &str, second: i64) -> Result<(), u64> {
    let tried = wrong.begin(&bank(), peer, name, at(second))?;
    tried.was_wrong();
    Ok(())
}

/// One who tries another name each time; how many he gets to try.
fn guesses(log_ins: &WrongLogIns, peer: IpAddr, names: u32, second: i64) -> u32 {
    let tried = (0..names).filter(|name| {
        let name = format!("{peer}-{second}-{name}");
        wrong(log_ins, peer, &name, second).is_ok()
    });
    u32::try_from(tried.count()).expect("few")
}

#[test]
fn a_machine_that_tries_names_is_stopped_and_its_neighbours_are_not() {
    let log_ins = WrongLogIns::default();
    let (machine, neighbour) = (host_of(1, 1), host_of(1, 2));
    assert_eq!(guesses(&log_ins, machine, 1_000, 0), 100);
    assert_eq!(
        log_ins.begin(&bank(), machine, "li-lei", at(0)).err(),
        Some(3)
    );
    // It goes on for an hour, without a pause: twenty a minute.
    let hour: u32 = (1..=3_600)
        .map(|second| guesses(&log_ins, machine, 5, second))
        .sum();
    assert_eq!(hour, 1_200);
    let now = at(3_600);
    assert!(log_ins.begin(&bank(), neighbour, "li-lei", now).is_ok());
    assert!(log_ins.begin(&bank(), host_of(2, 1), "li-lei", now).is_ok());
    let other = BankId::parse("other").expect("valid");
    assert!(log_ins.begin(&other, machine, "li-lei", now).is_ok());
}

#[test]
fn half_the_room_of_an_address_is_a_customers_although_a_machine_is_there() {
    let log_ins = WrongLogIns::default();
    assert_eq!(guesses(&log_ins, host_of(1, 1), 50, 0), 50);
    let tried = log_ins.begin(&bank(), host_of(1, 1), "li-lei", at(0));
    assert!(tried.is_ok());
}

#[test]
fn many_hosts_of_a_network_have_the_networks_room_together() {
    let log_ins = WrongLogIns::default();
    let tried: u32 = (0..200)
        .map(|host| guesses(&log_ins, host_of(1, host), 10, 0))
        .sum();
    assert_eq!(tried, 300);
    let refused = log_ins.begin(&bank(), host_of(1, 250), "li-lei", at(0));
    assert_eq!(refused.err(), Some(1));
}

#[test]
fn one_name_is_tried_a_few_times_and_then_once_a_minute() {
    let log_ins = WrongLogIns::default();
    for number in 0..10 {
        // Another address of the network each time, and the name written otherwise.
        let name = if number % 2 == 0 { "li-lei" } else { " Li-Lei" };
        assert_eq!(wrong(&log_ins, host_of(1, number), name, 0), Ok(()));
    }
    assert_eq!(wrong(&log_ins, host_of(1, 99), "li-lei", 0), Err(60));
    assert_eq!(wrong(&log_ins, host_of(1, 99), "li-lei", 59), Err(1));
    assert_eq!(wrong(&log_ins, host_of(1, 99), "li-lei", 60), Ok(()));
    assert_eq!(wrong(&log_ins, host_of(1, 99), "li-lei", 60), Err(60));
    assert_eq!(wrong(&log_ins, host_of(1, 99), "han-meimei", 60), Ok(()));
}

#[test]
fn a_host_of_ipv6_has_one_room_for_all_its_addresses() {
    let log_ins = WrongLogIns::default();
    let address = |host: u16| IpAddr::from([0x2001, 0xdb8, 1, 1, 0, 0, 0, host]);
    let tried: u32 = (0..200)
        .map(|host| guesses(&log_ins, address(host), 1, 0))
        .sum();
    assert_eq!(tried, 100);
    let elsewhere = IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, 1]);
    assert!(log_ins.begin(&bank(), elsewhere, "li-lei", at(0)).is_ok());
}

#[test]
fn what_was_right_or_unknown_does_not_count() {
    let log_ins = WrongLogIns::default();
    for number in 0..1_000 {
        let name = format!("customer-{number}");
        let tried = log_ins.begin(&bank(), host_of(1, 1), &name, at(0));
        let tried = tried.unwrap_or_else(|_| panic!("refused: {number}"));
        if number % 2 == 0 {
            tried.was_right(at(0));
        } else {
            tried.nobody_knows();
        }
    }
    assert_eq!(guesses(&log_ins, host_of(1, 1), 200, 0), 100);
}

#[test]
fn whoever_is_right_in_the_end_takes_back_what_they_had_wrong_and_no_more() {
    let log_ins = WrongLogIns::default();
    let here = host_of(1, 1);
    // More customers than an address has room for, each wrong three times first.
    for number in 0..500 {
        let name = format!("customer-{number}");
        for _ in 0..3 {
            assert_eq!(wrong(&log_ins, here, &name, 0), Ok(()), "{number}");
        }
        let tried = log_ins.begin(&bank(), here, &name, at(0));
        tried.unwrap_or_else(|_| panic!("refused")).was_right(at(0));
    }
    assert_eq!(guesses(&log_ins, here, 90, 0), 90);
    // Nobody earns room for other names by a log-in of his own.
    for _ in 0..50 {
        let tried = log_ins.begin(&bank(), here, "mallory", at(0));
        tried.unwrap_or_else(|_| panic!("refused")).was_right(at(0));
    }
    assert_eq!(guesses(&log_ins, here, 200, 0), 10);
}

#[test]
fn nobody_earns_room_for_other_names_by_hanging_up_or_by_many_log_ins_at_once() {
    let log_ins = WrongLogIns::default();
    let here = host_of(1, 1);
    assert_eq!(guesses(&log_ins, here, 90, 0), 90);
    let mallory = || log_ins.begin(&bank(), here, "mallory", at(0));
    for _ in 0..20 {
        drop(mallory());
        mallory()
            .unwrap_or_else(|_| panic!("refused"))
            .was_right(at(0));
    }
    for _ in 0..5 {
        let mut under_way: Vec<_> = (0..2).filter_map(|_| mallory().ok()).collect();
        under_way.pop().expect("there is room").was_right(at(0));
        drop(under_way);
    }
    assert!(guesses(&log_ins, here, 200, 0) <= 10);
}

#[test]
fn of_many_at_once_none_slips_through_and_right_ones_all_get_in() {
    let log_ins = WrongLogIns::default();
    let begun: Vec<_> = (0..200)
        .filter_map(|number| {
            let name = format!("customer-{number}");
            log_ins.begin(&bank(), host_of(1, 1), &name, at(0)).ok()
        })
        .collect();
    assert_eq!(begun.len(), 100);
    for tried in begun {
        tried.was_right(at(0));
    }
    assert_eq!(guesses(&log_ins, host_of(1, 1), 200, 0), 100);
}

#[test]
fn who_hangs_up_is_not_wrong_and_does_not_ask_the_bank_for_ever() {
    let log_ins = WrongLogIns::default();
    let mut begun = 0;
    // Somebody reloads once a second, for a quarter of an hour.
    for second in 0..900 {
        drop(log_ins.begin(&bank(), host_of(1, 1), "li-lei", at(second)));
    }
    let tried = log_ins.begin(&bank(), host_of(1, 1), "li-lei", at(900));
    assert!(tried.is_ok());
    drop(tried);
    for number in 0..2_000 {
        let name = format!("customer-{number}");
        begun += u32::from(log_ins.begin(&bank(), host_of(2, 1), &name, at(0)).is_ok());
    }
    assert!((250..=300).contains(&begun), "{begun}");
}

#[test]
fn so_many_places_are_remembered() {
    let log_ins = WrongLogIns::default();
    for number in 0..100_000_u32 {
        let [_, a, b, c] = number.to_be_bytes();
        let peer = IpAddr::from([a + 1, b, c, 1]);
        assert_eq!(wrong(&log_ins, peer, "li-lei", 0), Ok(()));
    }
    let counts = log_ins.counts();
    assert!(counts.len() <= 2 * PLACES_MAX);
}
