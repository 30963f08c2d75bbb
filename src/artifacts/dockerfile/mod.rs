//! Dockerfiles, as far as an image can be made of them without running anything: `FROM`, `COPY`, `ENV`, `EXPOSE`,
//! `USER`, `WORKDIR`, `ENTRYPOINT`, `CMD` and `LABEL`. Anything else is refused with its line.
//! <https://docs.docker.com/reference/dockerfile/>

mod instruction;
mod lines;
mod parse;
mod words;

pub use instruction::{Dockerfile, Instruction, Origin, Step};
pub(super) use words::{Variables, expand, literal};
