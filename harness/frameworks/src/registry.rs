//! Which machine plays which command line.
