// Package server is the HTTP edge of InnoClaw: the one route table, the checks
// that every request passes, server-sent events and the embedded web pages.
//
// A feature adds its routes to a [Table] with [Handle] (typed JSON operations)
// or [Raw] (streams, downloads, uploads). Each row says who may call it, which
// token scope it needs and how much it may send; nothing can be registered
// without. A [Server] serves a finished table. The API description and the
// authorization test (package servertest) are made from the same rows.
//
// A request passes, in this order: request id, panic recovery, access log, Host
// allow-list (421), security headers, cross-origin protection (403), rate limit
// (429), authentication, access rule (401, 403), body limit (413), content type
// (415), handler.
//
// Every error is a problem document (RFC 9457) that also carries a text in
// `error` and a stable `code`; see [Problem].
package server
