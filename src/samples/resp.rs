//! The words of Redis: how its clients and servers write and read values.
//! <https://redis.io/docs/latest/develop/reference/protocol-spec/>, version 2.

use std::io;

use futures::future::BoxFuture;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// The longest line.
const LINE_LIMIT: usize = 64 << 10;
/// The longest text.
const TEXT_LIMIT: usize = 1 << 20;
/// The longest list.
const LIST_LIMIT: usize = 64 << 10;
/// How deep lists may be in lists.
const DEPTH_LIMIT: usize = 4;

/// A value, on its way in either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A short answer, such as `OK`.
    Simple(String),
    /// A refusal, its kind first: `ERR unknown command`.
    Error(String),
    /// A number.
    Integer(i64),
    /// Bytes, or the absence of any.
    Bulk(Option<Vec<u8>>),
    /// Several values: a request is a list of bytes.
    List(Vec<Value>),
}

impl Value {
    /// A request.
    pub fn request(words: &[&str]) -> Self {
        Self::List(words.iter().map(|word| Self::text(word)).collect())
    }

    /// Bytes that are text.
    pub fn text(text: &str) -> Self {
        Self::Bulk(Some(text.as_bytes().to_vec()))
    }

    /// As it goes over a connection.
    pub fn encode(&self) -> Vec<u8> {
        // A line's end inside a short answer would be read as its end.
        let line = |text: &str| text.replace(['\r', '\n'], " ");
        match self {
            Self::Simple(text) => format!("+{}\r\n", line(text)).into_bytes(),
            Self::Error(text) => format!("-{}\r\n", line(text)).into_bytes(),
            Self::Integer(number) => format!(":{number}\r\n").into_bytes(),
            Self::Bulk(None) => b"$-1\r\n".to_vec(),
            Self::Bulk(Some(bytes)) => {
                [format!("${}\r\n", bytes.len()).as_bytes(), bytes.as_slice(), b"\r\n"].concat()
            }
            Self::List(values) => {
                let mut bytes = format!("*{}\r\n", values.len()).into_bytes();
                bytes.extend(values.iter().flat_map(Self::encode));
                bytes
            }
        }
    }
}

/// Reads a value; nothing at the end of the connection. A line of plain words counts as a request, as it does for
/// people who type into a connection.
pub async fn read(reader: &mut (impl AsyncBufRead + Unpin + Send)) -> io::Result<Option<Value>> {
    read_within(reader, DEPTH_LIMIT).await
}

fn read_within<R: AsyncBufRead + Unpin + Send>(
    reader: &mut R,
    depth: usize,
) -> BoxFuture<'_, io::Result<Option<Value>>> {
    Box::pin(async move {
        let Some(line) = read_line(reader).await? else { return Ok(None) };
        let rest = line.get(1..).unwrap_or_default();
        let number = || rest.parse::<i64>().map_err(|_| broken("a number is none"));
        let length = |limit: usize| {
            let length = number()?;
            match usize::try_from(length) {
                Ok(length) if length <= limit => Ok(Some(length)),
                Ok(_) => Err(broken("a length is too great")),
                Err(_) => Ok(None),
            }
        };
        let value = match line.chars().next() {
            Some('+') => Value::Simple(rest.to_owned()),
            Some('-') => Value::Error(rest.to_owned()),
            Some(':') => Value::Integer(number()?),
            Some('$') => match length(TEXT_LIMIT)? {
                Some(length) => {
                    let mut bytes = vec![0; length + 2];
                    reader.read_exact(&mut bytes).await?;
                    bytes.truncate(length);
                    Value::Bulk(Some(bytes))
                }
                None => Value::Bulk(None),
            },
            Some('*') => {
                let Some(deeper) = depth.checked_sub(1) else { return Err(broken("lists are too deep")) };
                let mut values = Vec::new();
                for _ in 0..length(LIST_LIMIT)?.unwrap_or_default() {
                    let value = read_within(&mut *reader, deeper).await?;
                    values.push(value.ok_or(io::ErrorKind::UnexpectedEof)?);
                }
                Value::List(values)
            }
            _ => Value::List(line.split_whitespace().map(Value::text).collect()),
        };
        Ok(Some(value))
    })
}

async fn read_line<R: AsyncBufRead + Unpin + Send>(reader: &mut R) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX);
    if (&mut *reader).take(limit).read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(broken("a line has no end"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map(Some).map_err(|_| broken("a line is no text"))
}

fn broken(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_all(bytes: &[u8]) -> Result<Vec<Value>, String> {
        let (mut reader, mut values) = (bytes, Vec::new());
        while let Some(value) = read(&mut reader).await.map_err(|error| error.to_string())? {
            values.push(value);
        }
        Ok(values)
    }

    #[tokio::test]
    async fn what_is_written_is_read() {
        let values = [
            Value::request(&["RPUSH", "songs", "a\r\nb"]),
            Value::Simple("OK".to_owned()),
            Value::Error("ERR no".to_owned()),
            Value::Integer(-3),
            Value::Bulk(None),
            Value::List(vec![Value::List(Vec::new()), Value::text("é")]),
        ];
        let bytes = values.iter().flat_map(Value::encode).collect::<Vec<_>>();
        assert_eq!(read_all(&bytes).await.unwrap(), values);
        assert_eq!(read_all(b"PING  now\r\n").await.unwrap(), [Value::request(&["PING", "now"])]);
    }

    #[tokio::test]
    async fn what_is_broken_is_refused() {
        let cases: [(&[u8], &str); 6] = [
            (b":x\r\n", "a number is none"),
            (b"$9999999\r\n", "a length is too great"),
            (b"$3\r\na", "early eof"),
            (b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "lists are too deep"),
            (b"+OK", "a line has no end"),
            (b"*1\r\n", "unexpected end of file"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read_all(bytes).await, Err(expected.to_owned()));
        }
    }
}
