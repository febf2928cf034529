//! Parsing: tokens to a tree, by the precedence of CEL. The first thing that does not fit ends it.

use super::names::is_reserved;
use super::syntax::{HEIGHT_MAX, Node, Operator, Syntax, Word};
use super::token::{Kind, Sign, Token, text_of, tokens};
use crate::slip::{Slip, Span, quoted};

/// The most arguments of a call and the most items of a list that is written out.
const ITEMS_MAX: usize = 64;

/// The tree of a text.
pub(super) fn parse(text: &str) -> Result<Node, Slip> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        end: Span::new(text.len(), text.len()),
    };
    let node = parser.expression()?;
    match parser.peek() {
        Some(Kind::End) | None => Ok(node),
        Some(_) => Err(parser.unexpected("the expression ends here, or goes on with an operator")),
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    /// How many parts are open around this one.
    depth: u8,
    end: Span,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn span(&self) -> Span {
        self.tokens
            .get(self.at)
            .map_or(self.end, |token| token.span)
    }

    /// The span of what was gone over last.
    fn last(&self) -> Span {
        let before = self.at.checked_sub(1);
        let token = before.and_then(|at| self.tokens.get(at));
        token.map_or(Span::new(0, 0), |token| token.span)
    }

    fn take(&mut self, sign: Sign) -> bool {
        let is_here = self.peek() == Some(&Kind::Sign(sign));
        self.at += usize::from(is_here);
        is_here
    }

    fn demand(&mut self, sign: Sign, help: &str) -> Result<(), Slip> {
        if self.take(sign) {
            return Ok(());
        }
        Err(self.unexpected(help))
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Slip>) -> Result<T, Slip> {
        if self.depth >= HEIGHT_MAX {
            return Err(too_deep(self.span()));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self) -> Result<Node, Slip> {
        self.deeper(|parser| {
            let condition = parser.either()?;
            if !parser.take(Sign::Question) {
                return Ok(condition);
            }
            let yes = parser.either()?;
            parser.demand(Sign::Colon, "write `condition ? one : other`")?;
            let no = parser.expression()?;
            let span = condition.span.to(no.span);
            made(span, Syntax::Choose(Box::new([condition, yes, no])))
        })
    }

    fn either(&mut self) -> Result<Node, Slip> {
        self.joined(Sign::Or, Self::both, Syntax::Any)
    }

    fn both(&mut self) -> Result<Node, Slip> {
        self.joined(Sign::And, Self::comparison, Syntax::All)
    }

    /// Parts joined by one sign, as one node however many they are.
    fn joined(
        &mut self,
        sign: Sign,
        part: fn(&mut Self) -> Result<Node, Slip>,
        join: fn(Vec<Node>) -> Syntax,
    ) -> Result<Node, Slip> {
        let first = part(self)?;
        if self.peek() != Some(&Kind::Sign(sign)) {
            return Ok(first);
        }
        let start = first.span;
        let mut parts = vec![first];
        while self.take(sign) {
            parts.push(part(self)?);
        }
        made(start.to(self.last()), join(parts))
    }

    fn comparison(&mut self) -> Result<Node, Slip> {
        let node = self.sum()?;
        let Some(operator) = self.comparing() else {
            return Ok(node);
        };
        self.at += 1;
        let other = self.sum()?;
        if self.comparing().is_some() {
            let what = "comparisons do not follow each other";
            return Err(Slip::new(self.span(), what, "write `a < b && b < c`"));
        }
        let span = node.span.to(other.span);
        made(span, Syntax::Binary(operator, Box::new([node, other])))
    }

    fn comparing(&self) -> Option<Operator> {
        match self.peek()? {
            Kind::Name(name) if name == "in" => Some(Operator::In),
            Kind::Sign(sign) => operator(*sign).filter(|operator| operator.is_comparison()),
            _ => None,
        }
    }

    fn sum(&mut self) -> Result<Node, Slip> {
        self.chain([Operator::Plus, Operator::Minus].as_slice(), Self::product)
    }

    fn product(&mut self) -> Result<Node, Slip> {
        let signs = [Operator::Times, Operator::Over, Operator::Modulo];
        self.chain(signs.as_slice(), Self::unary)
    }

    /// Parts joined from the left by any of these operators.
    fn chain(
        &mut self,
        operators: &[Operator],
        part: fn(&mut Self) -> Result<Node, Slip>,
    ) -> Result<Node, Slip> {
        let mut node = part(self)?;
        loop {
            let found = match self.peek() {
                Some(Kind::Sign(sign)) => operator(*sign).filter(|o| operators.contains(o)),
                _ => None,
            };
            let Some(operator) = found else {
                return Ok(node);
            };
            self.at += 1;
            let other = part(self)?;
            let span = node.span.to(other.span);
            node = made(span, Syntax::Binary(operator, Box::new([node, other])))?;
        }
    }

    fn unary(&mut self) -> Result<Node, Slip> {
        let start = self.span();
        if self.take(Sign::Not) {
            let node = self.deeper(Self::unary)?;
            return made(start.to(node.span), Syntax::Not(Box::new(node)));
        }
        if self.take(Sign::Minus) {
            let node = self.deeper(Self::unary)?;
            return made(start.to(node.span), Syntax::Negate(Box::new(node)));
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Result<Node, Slip> {
        let mut node = self.primary()?;
        loop {
            let start = node.span;
            if self.take(Sign::Dot) {
                let word = self.word("a member or a function stands behind the point")?;
                let kind = if self.take(Sign::Open) {
                    let arguments = self.items(Sign::Close)?;
                    let on = Some(Box::new(node));
                    Syntax::Call {
                        on,
                        function: word,
                        arguments,
                    }
                } else {
                    Syntax::Member(Box::new(node), word)
                };
                node = made(start.to(self.last()), kind)?;
            } else if self.take(Sign::OpenList) {
                let at = self.expression()?;
                self.demand(Sign::CloseList, "close it with `]`")?;
                node = made(start.to(self.last()), Syntax::Item(Box::new([node, at])))?;
            } else {
                return Ok(node);
            }
        }
    }

    fn word(&mut self, help: &str) -> Result<Word, Slip> {
        let Some(Kind::Name(name)) = self.peek() else {
            return Err(self.unexpected(help));
        };
        let text = name.clone();
        let span = self.span();
        self.at += 1;
        Ok(Word { text, span })
    }

    /// Expressions parted by commas, up to the closing sign.
    fn items(&mut self, close: Sign) -> Result<Vec<Node>, Slip> {
        let mut items = Vec::new();
        if self.take(close) {
            return Ok(items);
        }
        loop {
            if items.len() >= ITEMS_MAX {
                let what = format!("more than {ITEMS_MAX} values stand here");
                return Err(Slip::new(self.span(), what, "write fewer"));
            }
            items.push(self.expression()?);
            if self.take(close) {
                return Ok(items);
            }
            self.demand(
                Sign::Comma,
                "values are parted by `,` and end with the closing bracket",
            )?;
        }
    }

    fn primary(&mut self) -> Result<Node, Slip> {
        let span = self.span();
        let kind = match self.peek() {
            Some(Kind::Int(whole)) => Syntax::Int(*whole),
            Some(Kind::Decimal(number)) => Syntax::Decimal(*number),
            Some(Kind::Text(text)) => Syntax::Text(text.clone()),
            Some(Kind::Name(_)) => return self.named(),
            Some(Kind::Sign(Sign::Open)) => return self.in_brackets(),
            Some(Kind::Sign(Sign::OpenList)) => {
                self.at += 1;
                let items = self.items(Sign::CloseList)?;
                return made(span.to(self.last()), Syntax::List(items));
            }
            _ => return Err(self.unexpected("a value stands here")),
        };
        self.at += 1;
        made(span, kind)
    }

    fn in_brackets(&mut self) -> Result<Node, Slip> {
        let start = self.span();
        self.at += 1;
        let mut node = self.expression()?;
        self.demand(Sign::Close, "close it with `)`")?;
        node.span = start.to(self.last());
        Ok(node)
    }

    fn named(&mut self) -> Result<Node, Slip> {
        let word = self.word("a name stands here")?;
        let span = word.span;
        let kind = match word.text.as_str() {
            "true" => Syntax::Bool(true),
            "false" => Syntax::Bool(false),
            "null" => {
                let help = "test `has(x)`, or write `default(x, y)`";
                return Err(Slip::new(span, "there is no null", help));
            }
            "not" => return Err(Slip::new(span, "`not` is no operator", "did you mean `!`?")),
            "if" => {
                let help = "write `condition ? one : other`";
                return Err(Slip::new(span, "there is no `if`", help));
            }
            text if is_reserved(text) => {
                let what = format!("{} is a word of the language", quoted(text));
                return Err(Slip::new(span, what, "a value stands here"));
            }
            _ if self.take(Sign::Open) => {
                let arguments = self.items(Sign::Close)?;
                Syntax::Call {
                    on: None,
                    function: word,
                    arguments,
                }
            }
            _ => Syntax::Name(word.text),
        };
        made(span.to(self.last()), kind)
    }

    /// What is said of a token that does not fit.
    fn unexpected(&self, help: &str) -> Slip {
        let span = self.span();
        let found = match self.peek() {
            None | Some(Kind::End) => {
                return Slip::new(span, "the expression ends too early", help);
            }
            Some(Kind::Name(name)) => name.clone(),
            Some(Kind::Text(_)) => "a string".to_owned(),
            Some(Kind::Int(whole)) => whole.to_string(),
            Some(Kind::Decimal(number)) => number.to_string(),
            Some(Kind::Sign(sign)) => text_of(*sign).to_owned(),
        };
        let meant = match found.to_ascii_lowercase().as_str() {
            "and" => "did you mean `&&`?",
            "or" => "did you mean `||`?",
            "not" => "did you mean `!(x in y)` or `!=`?",
            "is" | "eq" | "equals" => "did you mean `==`?",
            "ne" => "did you mean `!=`?",
            "lt" => "did you mean `<`?",
            "le" => "did you mean `<=`?",
            "gt" => "did you mean `>`?",
            "ge" => "did you mean `>=`?",
            "mod" => "did you mean `%`?",
            "div" => "did you mean `/`?",
            "between" => "write `a <= x && x <= b`",
            "then" | "else" | "if" => "write `condition ? one : other`",
            "unless" => "write `!(…)`",
            _ => help,
        };
        Slip::new(span, format!("{} does not fit here", quoted(&found)), meant)
    }
}

fn made(span: Span, kind: Syntax) -> Result<Node, Slip> {
    let node = Node::new(span, kind);
    if node.height > HEIGHT_MAX {
        return Err(too_deep(span));
    }
    Ok(node)
}

fn too_deep(span: Span) -> Slip {
    let what = format!("the expression is more than {HEIGHT_MAX} levels deep");
    Slip::new(span, what, "give its parts names in `let`")
}

fn operator(sign: Sign) -> Option<Operator> {
    Some(match sign {
        Sign::Equal => Operator::Equal,
        Sign::Unequal => Operator::Unequal,
        Sign::Less => Operator::Less,
        Sign::AtMost => Operator::AtMost,
        Sign::More => Operator::More,
        Sign::AtLeast => Operator::AtLeast,
        Sign::Plus => Operator::Plus,
        Sign::Minus => Operator::Minus,
        Sign::Times => Operator::Times,
        Sign::Over => Operator::Over,
        Sign::Modulo => Operator::Modulo,
        _ => return None,
    })
}
