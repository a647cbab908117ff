//! A broker without sockets and clocks.
