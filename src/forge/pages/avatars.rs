//! `/avatars/{hash}`: a picture for whoever has none, made from the hash alone.

use std::fmt::Write as _;

use axum::extract::Path;
use axum::http::{HeaderName, header};

use super::layout::Failure;

pub(crate) async fn get(
    Path(hash): Path<String>,
) -> Result<([(HeaderName, &'static str); 2], String), Failure> {
    let bytes = (0..16).map(|at| u8::from_str_radix(hash.get(at * 2..at * 2 + 2)?, 16).ok());
    let bytes = bytes.collect::<Option<Vec<u8>>>().ok_or(Failure::Missing)?;
    let hue = u32::from(bytes[0]) * 360 / 256;
    let mut squares = String::new();
    for (index, _) in bytes[1..].iter().enumerate().filter(|(_, byte)| *byte % 2 == 0) {
        let (column, row) = (index / 5, index % 5);
        for column in [column, 4 - column] {
            let _ = write!(squares, "<rect x='{column}' y='{row}' width='1' height='1'/>");
        }
    }
    let picture = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='-1 -1 7 7'><rect x='-1' y='-1' width='7' height='7' \
         fill='hsl({hue} 40% 92%)'/><g fill='hsl({hue} 55% 45%)'>{squares}</g></svg>"
    );
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")];
    Ok((headers, picture))
}
