//! Reports of runs for people and programs: text, JUnit XML, JSON, and one page of HTML that needs no network. All are
//! functions of timeline and diagnosis.
