//! The wire format of the requests and responses, version 0 and what 0.8.2 knows beyond.
