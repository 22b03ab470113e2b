// Package workspace manages the folders that people work in and the files in them.
//
// A workspace is a row that names its owner and a canonical folder inside one of the
// operator's roots; package boundary opens that folder and does all file work. Every
// query that answers a caller restricts the row to its owner, so that what is missing
// and what belongs to somebody else look alike. Two owners' folders never overlap.
//
// Deleting a workspace removes its row and what hangs on it, never files. Deleting a
// file moves it to the workspace's trash, from which it can be restored until its
// retention ends.
//
// Service holds the rules; http.go, files_http.go and upload.go translate to and from
// HTTP; other features hear of changes through [Service.OnChange].
package workspace
