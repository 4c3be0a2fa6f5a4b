//! A span's value takes the type of its parameter: `two` becomes 2, `KEY=value` an entry of a map, a command a list.

use serde_json::{Map, Value};

use crate::pattern::{Parameter, ParameterKind, Per};

/// Why a value does not fit its parameter, in one sentence.
pub type Misfit = String;

/// The value in the parameter's type.
///
/// # Errors
/// A sentence for the person where the words cannot mean a value of that type.
pub fn typed(parameter: &Parameter, value: &Value) -> Result<Value, Misfit> {
    let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match &parameter.kind {
        ParameterKind::Integer => match value {
            Value::Number(_) => Ok(value.clone()),
            other => {
                other.as_str().and_then(|s| s.trim().parse::<i64>().ok()).map(Value::from).ok_or_else(|| {
                    format!("{} needs a whole number, and '{}' is none", parameter.name, text())
                })
            }
        },
        ParameterKind::Float => match value {
            Value::Number(_) => Ok(value.clone()),
            other => other
                .as_str()
                .and_then(|s| s.trim().parse::<f64>().ok())
                .map(Value::from)
                .ok_or_else(|| format!("{} needs a number, and '{}' is none", parameter.name, text())),
        },
        ParameterKind::Boolean => match value {
            Value::Bool(_) => Ok(value.clone()),
            _ => Ok(Value::Bool(!matches!(text().as_str(), "no" | "false" | "0"))),
        },
        ParameterKind::String => Ok(Value::String(text())),
        ParameterKind::List(_) => match value {
            Value::Array(_) => Ok(value.clone()),
            _ => words(&text()).map(Value::from),
        },
        ParameterKind::Map(_) => match value {
            Value::Object(_) => Ok(value.clone()),
            _ => {
                let text = text();
                let (key, value) =
                    text.split_once('=').ok_or_else(|| format!("'{text}' is not of the form KEY=value"))?;
                let mut map = Map::new();
                map.insert(key.trim().to_owned(), Value::from(unquote(value.trim())));
                Ok(Value::Object(map))
            }
        },
        ParameterKind::Object(_) => Ok(value.clone()),
    }
}

/// A second value for a list or map joins the first; for anything else the later one stands.
pub fn joined(first: Option<&Value>, second: Value) -> Value {
    match (first, second) {
        (Some(Value::Object(one)), Value::Object(two)) => {
            let mut both = one.clone();
            both.extend(two);
            Value::Object(both)
        }
        (Some(Value::Array(one)), Value::Array(two)) => {
            let mut both = one.clone();
            both.extend(two.into_iter().filter(|item| !one.contains(item)));
            Value::Array(both)
        }
        (_, second) => second,
    }
}

/// A number that was said for all nodes together, for one of them.
///
/// # Errors
/// A sentence for the person where it cannot be divided evenly.
pub fn per_node(value: &Value, said: Option<Per>, slot: Option<Per>, nodes: u64) -> Result<Value, Misfit> {
    if slot != Some(Per::Node) || said != Some(Per::Total) || nodes < 2 {
        return Ok(value.clone());
    }
    let Some(total) = value.as_u64() else { return Ok(value.clone()) };
    if total % nodes == 0 {
        Ok(Value::from(total / nodes))
    } else {
        Err(format!("{total} cannot be divided evenly over {nodes} machines"))
    }
}

/// A command line as a list of words. What only a shell understands is handed to one, as one argument.
fn words(command: &str) -> Result<Vec<String>, Misfit> {
    let needs_shell = command.contains(['|', '>', '<', ';', '&', '$', '`', '*']);
    if needs_shell {
        return Ok(vec!["/bin/sh".into(), "-c".into(), command.to_owned()]);
    }
    let mut list = Vec::new();
    let mut word = String::new();
    let mut open: Option<char> = None;
    let mut some = false;
    for c in command.chars() {
        match (open, c) {
            (Some(quote), c) if c == quote => open = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => {
                open = Some(c);
                some = true;
            }
            (None, c) if c.is_whitespace() => {
                if some || !word.is_empty() {
                    list.push(std::mem::take(&mut word));
                }
                some = false;
            }
            (None, c) => word.push(c),
        }
    }
    if let Some(quote) = open {
        return Err(format!("the command '{command}' opens a {quote} that it never closes"));
    }
    if some || !word.is_empty() {
        list.push(word);
    }
    Ok(list)
}

fn unquote(text: &str) -> &str {
    let pair = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    pair('"').or_else(|| pair('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parameter(kind: ParameterKind) -> Parameter {
        Parameter::new("p", kind)
    }

    #[test]
    fn a_command_keeps_its_quotes_together() {
        let list = parameter(ParameterKind::List(Box::new(ParameterKind::String)));
        assert_eq!(
            typed(&list, &json!("python train.py --name 'two words'")),
            Ok(json!(["python", "train.py", "--name", "two words"]))
        );
    }

    #[test]
    fn what_needs_a_shell_gets_one() {
        let list = parameter(ParameterKind::List(Box::new(ParameterKind::String)));
        assert_eq!(typed(&list, &json!("a | b")), Ok(json!(["/bin/sh", "-c", "a | b"])));
    }

    #[test]
    fn an_open_quote_is_refused() {
        let list = parameter(ParameterKind::List(Box::new(ParameterKind::String)));
        assert!(typed(&list, &json!("echo 'hi")).is_err());
    }

    #[test]
    fn an_entry_of_a_map_is_split_at_its_first_equals_sign() {
        let map = parameter(ParameterKind::Map(Box::new(ParameterKind::String)));
        assert_eq!(typed(&map, &json!("URL=a=b")), Ok(json!({"URL": "a=b"})));
        assert!(typed(&map, &json!("URL")).is_err());
    }

    #[test]
    fn a_total_is_divided_over_the_nodes_or_refused() {
        assert_eq!(per_node(&json!(12), Some(Per::Total), Some(Per::Node), 3), Ok(json!(4)));
        assert!(per_node(&json!(10), Some(Per::Total), Some(Per::Node), 3).is_err());
        assert_eq!(per_node(&json!(4), Some(Per::Node), Some(Per::Node), 3), Ok(json!(4)));
    }
}
