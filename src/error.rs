//! Failures as a user meets them: kind, cause, hints, exit code.
