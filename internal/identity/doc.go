// Package identity knows who is calling: accounts with passwords, sessions in a
// cookie, API tokens, and the one-time token with which the first account of an
// installation is made.
//
// Passwords are stored as argon2id hashes, sessions and tokens as SHA-256 of a
// random value, so that a copy of the database lets nobody in. A [Service] is the
// server's Authenticator; it remembers a credential for two seconds at most and
// forgets all of them at once when anything about accounts changes, so that a
// revoked credential is refused on the next request.
//
// In the mode [Disabled] everyone is the account [LocalID]; the server then
// listens on loopback addresses only. What that account owns passes to the first
// real account.
package identity
