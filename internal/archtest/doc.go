// Package archtest holds the tests that keep the structure as ARCHITECTURE.md draws
// it: which package may import which, which modules are linked into the binary, and
// that nothing goes around the guarded packages.
package archtest
