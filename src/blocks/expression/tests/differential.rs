//! The same expressions, read and evaluated by another implementation of CEL (crate `cel`): where
//! both languages have a construct, both give the same value.

use std::sync::Arc;

use super::random::Random;
use super::sample::{object, text};
use super::*;

const COUNT: usize = 1_500;
const COUNT_LONG: usize = 200_000;
const DEPTH: u8 = 4;
/// The other one recurses far (cel-rust/cel-rust#212).
const STACK_BYTES: usize = 16 << 20;

fn shared_names() -> Arc<Names> {
    let mut names = Names::default();
    for (name, kind) in [
        ("i", Type::Int),
        ("j", Type::Int),
        ("d", Type::Decimal),
        ("e", Type::Decimal),
        ("s", text(16)),
        ("t", text(16)),
        ("b", Type::Bool),
        ("xs", Type::list(Type::Int, 5)),
        ("ss", Type::list(text(16), 5)),
        ("o", object([("n", Type::Int), ("m?", Type::Int)])),
    ] {
        names.add(name, kind).expect("a new name");
    }
    Arc::new(names)
}

/// Makes texts that both read, of the types that both have. Halves and quarters are what a float
/// holds exactly.
struct Generator {
    random: Random,
    walks: usize,
    paths: Vec<(&'static str, String)>,
}

impl Generator {
    fn atom(&mut self, kind: &str) -> String {
        let mut found: Vec<String> = match kind {
            "int" => vec!["i", "j", "o.n", "1", "2", "7", "-3"],
            "decimal" => vec!["d", "e", "0.5", "2.25", "-1.75", "3.0"],
            "text" => vec!["s", "t", "\"\"", "\"ab\"", "'b'"],
            "bool" => vec!["b", "true", "false"],
            "ints" => vec!["xs", "[1, 2]", "[i, j, 7]"],
            _ => vec!["ss"],
        }
        .into_iter()
        .map(str::to_owned)
        .collect();
        let known = self.paths.iter().filter(|(known, _)| *known == kind);
        found.extend(known.map(|(_, path)| path.clone()));
        self.random.pick(&found)
    }

    fn expression(&mut self, kind: &'static str, depth: u8) -> String {
        let Some(depth) = depth.checked_sub(1) else {
            return self.atom(kind);
        };
        let choice = self.random.below(10);
        if choice == 0 {
            let condition = self.expression("bool", depth);
            let (yes, no) = (self.expression(kind, depth), self.expression(kind, depth));
            return format!("({condition} ? {yes} : {no})");
        }
        match kind {
            "int" if choice < 7 => {
                let (a, b) = (self.expression(kind, depth), self.expression(kind, depth));
                let sign = self.random.pick(&["+", "-", "*", "/", "%"]);
                format!("({a} {sign} {b})")
            }
            "int" => match self.random.below(3) {
                0 => format!("size({})", self.expression("text", depth)),
                1 => format!("{}.size()", self.expression("ints", depth)),
                _ => format!("-({})", self.expression("int", depth)),
            },
            "decimal" => match self.random.below(4) {
                0 => format!("({} * {})", self.atom(kind), self.atom(kind)),
                1 => format!(
                    "({} / {})",
                    self.atom(kind),
                    self.random.pick(&["2.0", "0.5", "4.0"])
                ),
                _ => {
                    let (a, b) = (self.expression(kind, depth), self.expression(kind, depth));
                    format!("({a} {} {b})", self.random.pick(&["+", "-"]))
                }
            },
            "text" => {
                let (a, b) = (self.expression(kind, depth), self.expression(kind, depth));
                format!("({a} + {b})")
            }
            "ints" => self.ints(depth),
            "bool" => self.bool(depth),
            _ => self.atom(kind),
        }
    }

    fn ints(&mut self, depth: u8) -> String {
        let list = self.expression("ints", depth);
        match self.random.below(3) {
            0 => self.walk(&list, "filter", "int", "bool", depth),
            1 => self.walk(&list, "map", "int", "int", depth),
            _ => list,
        }
    }

    fn walk(
        &mut self,
        list: &str,
        name: &str,
        item: &'static str,
        body: &'static str,
        depth: u8,
    ) -> String {
        let variable = format!("x{}", self.walks);
        self.walks += 1;
        let known = self.paths.len();
        self.paths.push((item, variable.clone()));
        let body = self.expression(body, depth);
        self.paths.truncate(known);
        format!("{list}.{name}({variable}, {body})")
    }

    fn bool(&mut self, depth: u8) -> String {
        match self.random.below(9) {
            0 => format!("!{}", self.expression("bool", depth)),
            1 | 2 => {
                let (a, b) = (
                    self.expression("bool", depth),
                    self.expression("bool", depth),
                );
                format!("({a} {} {b})", self.random.pick(&["&&", "||"]))
            }
            3 | 4 => {
                let kind = self.random.pick(&["int", "decimal", "text"]);
                let (a, b) = (self.expression(kind, depth), self.expression(kind, depth));
                let a = if kind == "text" {
                    format!("(s + {a})")
                } else {
                    a
                };
                let sign = self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
                format!("({a} {sign} {b})")
            }
            5 => {
                let (one, list) = (
                    self.expression("int", depth),
                    self.expression("ints", depth),
                );
                format!("({one} in {list})")
            }
            6 => {
                let name = self.random.pick(&["contains", "startsWith", "endsWith"]);
                let (a, b) = (self.expression("text", depth), self.atom("text"));
                format!("({a}).{name}({b})")
            }
            7 => {
                let name = self.random.pick(&["all", "exists", "exists_one"]);
                if self.random.below(2) == 0 {
                    let list = self.expression("ints", depth);
                    return self.walk(&list, name, "int", "bool", depth);
                }
                self.walk("ss", name, "text", "bool", depth)
            }
            _ => {
                let known = self.paths.len();
                self.paths.push(("int", "o.m".to_owned()));
                let inner = self.expression("bool", depth);
                self.paths.truncate(known);
                format!("(has(o.m) && {inner})")
            }
        }
    }
}

/// A value for a name: ours, and the same for the other.
fn chosen(random: &mut Random, kind: &Type) -> (Value, cel::Value) {
    match kind {
        Type::Bool => {
            let bool = random.below(2) == 0;
            (Value::Bool(bool), cel::Value::Bool(bool))
        }
        Type::Int => {
            let ends = [i64::MAX, i64::MIN, -7, -1, 0, 0, 1, 2, 3, 100];
            let whole = random.pick(&ends);
            (Value::Int(whole), cel::Value::Int(whole))
        }
        Type::Decimal => {
            let quarters = random.small(4_000) - 2_000;
            let four = Number::from(4);
            let number = Number::from(quarters).over(four).expect("within limits");
            (
                Value::Decimal(number),
                cel::Value::Float(quarters as f64 / 4.0),
            )
        }
        Type::List { item, .. } => {
            let items = random.below(4);
            let items: Vec<_> = (0..items).map(|_| chosen(random, item)).collect();
            let (ours, theirs): (Vec<Value>, Vec<cel::Value>) = items.into_iter().unzip();
            (Value::List(ours.into()), cel::Value::List(Arc::new(theirs)))
        }
        Type::Object(object) => {
            let mut ours = std::collections::BTreeMap::new();
            let mut theirs = std::collections::HashMap::new();
            for (name, member) in &object.members {
                if !member.is_optional || random.below(2) == 0 {
                    let (our, their) = chosen(random, &member.kind);
                    ours.insert(name.clone(), our);
                    theirs.insert(name.to_string(), their);
                }
            }
            (Value::Object(Arc::new(ours)), theirs.into())
        }
        _ => {
            let text = random.pick(&["", "a", "ab", "b", "abc"]);
            (
                Value::Text(text.into()),
                cel::Value::String(Arc::new(text.to_owned())),
            )
        }
    }
}

fn agree(ours: &Value, theirs: &cel::Value) -> bool {
    match (ours, theirs) {
        (Value::Bool(a), cel::Value::Bool(b)) => a == b,
        (Value::Int(a), cel::Value::Int(b)) => a == b,
        (Value::Decimal(a), cel::Value::Float(b)) => a.to_string().parse() == Ok(*b),
        (Value::Text(a), cel::Value::String(b)) => a.as_ref() == b.as_str(),
        (Value::List(a), cel::Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| agree(a, b))
        }
        _ => false,
    }
}

/// How one expression ended with both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Alike,
    /// Ours failed, theirs too.
    BothFailed,
    /// Ours failed. Theirs may let `&&`, `||`, `all` and `exists` hide a failure of one part, which
    /// ours, answering from the left, does not.
    OursFailed,
}

fn try_both(number: u64, names: &Arc<Names>) -> Ended {
    let mut generator = Generator {
        random: Random(number),
        walks: 0,
        paths: Vec::new(),
    };
    let kind = generator
        .random
        .pick(&["bool", "int", "decimal", "text", "ints"]);
    let source = generator.expression(kind, DEPTH);
    let expression = Expression::check(&source, names, None);
    let expression = expression.unwrap_or_else(|slips| panic!("{source}\n{slips:?}"));
    let program = cel::Program::compile(&source).unwrap_or_else(|e| panic!("{source}\n{e}"));
    let mut context = cel::Context::default();
    let mut values = Values::new(names.clone());
    for name in names.known() {
        let (_, kind) = names.kind(name).expect("a name");
        let (ours, theirs) = chosen(&mut generator.random, kind);
        values.put(name, ours).expect("a value of its type");
        context.add_variable_from_value(name, theirs);
    }
    let ours = expression.evaluate(&values, &mut Cost::new(expression.cost_limit()));
    let theirs = program.execute(&context);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) if agree(&ours, &theirs) => Ended::Alike,
        (Err(_), Err(_)) => Ended::BothFailed,
        (Err(_), Ok(_))
            if ["&&", "||", ".all(", ".exists"]
                .iter()
                .any(|m| source.contains(m)) =>
        {
            Ended::OursFailed
        }
        (ours, theirs) => panic!("{number}: {source}\n{values:?}\n{ours:?}\n{theirs:?}"),
    }
}

#[test]
fn long_expressions_have_the_same_value_in_another_cel() {
    let is_long = std::env::var_os("MORTISE_LONG").is_some();
    let count = if is_long { COUNT_LONG } else { COUNT };
    let run = move || {
        let names = shared_names();
        let ended: Vec<Ended> = (0..count).map(|n| try_both(n as u64, &names)).collect();
        let of = |wanted: Ended| ended.iter().filter(|ended| **ended == wanted).count();
        let (alike, failed) = (of(Ended::Alike), of(Ended::BothFailed));
        println!("{count} expressions: {alike} alike, {failed} failed in both, rest in ours alone");
        assert!(alike * 10 > count * 6, "most have a value");
        assert!(failed > 0 && of(Ended::OursFailed) * 10 < count);
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    thread
        .spawn(run)
        .expect("a thread")
        .join()
        .expect("both agree");
}
