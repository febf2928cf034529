use super::*;

fn names() -> Names {
    let mut names = Names::default();
    let grade = Type::one_of(["A", "B", "C", "D"]);
    names.add("grade", grade).expect("a new name");
    names.add("limit", Type::Decimal).expect("a new name");
    names
}

#[test]
fn a_check_is_an_outcome_and_a_condition() {
    let read = |line| CheckLine::read(line, &names()).expect("a sound check");
    let line = "422 grade_too_low unless grade in [\"A\", \"B\"]";
    let check = read(line);
    let name = "grade_too_low".to_owned();
    assert_eq!(check.outcome, Outcome::Problem { status: 422, name });
    assert_eq!(
        line[check.span.start..check.span.end].trim(),
        "grade in [\"A\", \"B\"]"
    );
    let check = read("answer no_offer  unless\tlimit > 0");
    let name = "no_offer".to_owned();
    assert_eq!(check.outcome, Outcome::Answer { name });
    assert_eq!(check.condition.type_of(), &Type::Bool);
}

#[test]
fn every_slip_of_a_check_is_told_where_it_stands() {
    for (line, told) in [
        (
            "422 low",
            "7-7: the check ends too early; write `422 problem_name unless condition`, or `answer \
             name unless condition`",
        ),
        (
            "",
            "0-0: the check ends too early; write `422 problem_name unless condition`, or `answer \
             name unless condition`",
        ),
        (
            "503 low unless limit > 0",
            "0-3: a check cannot answer with `503`; what a partner can mend has a status from 400 \
             to 499",
        ),
        (
            "200 low unless limit > 0",
            "0-3: a check cannot answer with `200`; an answer that ends well is written `answer \
             name unless …`",
        ),
        (
            "anwser low unless limit > 0",
            "0-6: `anwser` begins no check; did you mean `answer`? a check begins with a status or: \
             answer",
        ),
        (
            "422 Too-Low unless limit > 0",
            "4-11: `Too-Low` is no name of an outcome; did you mean `too_low`?",
        ),
        (
            "422 低 unless limit > 0",
            "4-7: `低` is no name of an outcome; write small letters, digits and `_`, at most 64",
        ),
        (
            "422 low unles limit > 0",
            "8-13: `unles` stands where `unless` must; did you mean `unless`?",
        ),
        (
            "422 low if limit > 0",
            "8-10: `if` stands where `unless` must; a check says what must hold: write `unless`, \
             and turn the condition round",
        ),
        (
            "422 low unless",
            "14-14: the expression ends too early; a value stands here",
        ),
        (
            "422 low unless grade",
            "15-20: `grade` must be bool, got one of A/B/C/D; compare it with something",
        ),
        (
            "422 low unless grade == \"E\"",
            "24-27: this comparison is always false: one of A/B/C/D against one of E; the words: A, \
             B, C, D",
        ),
    ] {
        let slips = CheckLine::read(line, &names()).expect_err(line);
        let told_now: Vec<String> = slips.iter().map(ToString::to_string).collect();
        assert_eq!(told_now, [told]);
    }
}

#[test]
fn all_that_is_wrong_with_a_check_is_told_at_once() {
    let slips = CheckLine::read("700 Low when limt > 0", &names()).expect_err("four slips");
    let starts: Vec<usize> = slips.iter().map(|slip| slip.span.start).collect();
    assert_eq!(starts, [0, 4, 8, 13]);
    let long = format!("422 low unless {}", " ".repeat(LINE_BYTES_MAX));
    assert_eq!(
        CheckLine::read(&long, &names())
            .expect_err("too long")
            .len(),
        1
    );
}
