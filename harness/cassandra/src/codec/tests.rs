//! Round trips, golden bytes, truncation and garbage.
