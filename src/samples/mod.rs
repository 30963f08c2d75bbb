//! The sample applications.
