//! The embedded platform: servers, controllers and simulated nodes in one process.
