//! Lines out of bytes: bounded in length, numbered, in batches.

use std::io;

use futures::Stream;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// Longest line that is looked at.
pub(super) const LINE_BYTES_MAX: usize = 1024 * 1024;

/// One line as it came.
pub(super) struct Raw {
    /// Counted from 1, blank lines included.
    pub(super) number: u64,
    /// None when it was too long to look at.
    pub(super) text: Option<Vec<u8>>,
}

impl Raw {
    pub(super) fn bounded(number: u64, text: Vec<u8>) -> Self {
        Self { number, text: (text.len() <= LINE_BYTES_MAX).then_some(text) }
    }
}

/// The lines of an input that are not blank.
pub(super) fn batches<R: AsyncBufRead + Unpin>(
    input: R,
    lines_max: usize,
) -> impl Stream<Item = io::Result<Vec<Raw>>> {
    futures::stream::try_unfold((input, 0), move |(mut input, mut number)| async move {
        let mut batch = Vec::new();
        while batch.len() < lines_max {
            let Some(text) = line(&mut input).await? else { break };
            number += 1;
            let blank = text.as_ref().is_some_and(|text| text.trim_ascii().is_empty());
            if !blank {
                batch.push(Raw { number, text });
            }
        }
        Ok((!batch.is_empty()).then_some((batch, (input, number))))
    })
}

/// The next line without its end; none at the end, an empty place for one too long.
async fn line<R: AsyncBufRead + Unpin>(input: &mut R) -> io::Result<Option<Option<Vec<u8>>>> {
    let mut text = Vec::new();
    let any = append_line(input, &mut text).await?;
    Ok(any.then(|| (text.len() <= LINE_BYTES_MAX).then_some(text)))
}

/// Appends the next line without its end, and cuts it off where it is too long already; false at
/// the end.
pub(crate) async fn append_line<R: AsyncBufRead + Unpin>(
    input: &mut R,
    text: &mut Vec<u8>,
) -> io::Result<bool> {
    let length_max = text.len() + LINE_BYTES_MAX + 1;
    let mut any = false;
    loop {
        let available = input.fill_buf().await?;
        if available.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
        let room = length_max - text.len();
        text.extend_from_slice(part.get(..room).unwrap_or(part));
        let used = end.map_or(available.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    async fn read(input: &[u8]) -> Vec<(u64, Option<String>)> {
        let batches: Vec<_> = batches(input, 2).try_collect().await.unwrap();
        let text = |raw: Raw| (raw.number, raw.text.map(|text| String::from_utf8(text).unwrap()));
        batches.into_iter().flatten().map(text).collect()
    }

    #[tokio::test]
    async fn lines_are_numbered_and_blank_ones_left_out() {
        let found = read(b"a\n\n  \nb\nc").await;
        let expected = [(1, "a"), (4, "b"), (5, "c")];
        assert_eq!(found, expected.map(|(number, text)| (number, Some(text.to_owned()))));
    }

    #[tokio::test]
    async fn a_line_too_long_keeps_its_number_and_spares_the_next() {
        let mut input = vec![b'x'; LINE_BYTES_MAX + 1];
        input.extend(b"\nb\n");
        assert_eq!(read(&input).await, [(1, None), (2, Some("b".to_owned()))]);
    }

    #[tokio::test]
    async fn nothing_has_no_lines() {
        assert_eq!(read(b"").await, []);
    }
}
