// Package web holds the built web application. The files come from `npm run build`; without a build the folder
// is empty but for its placeholder, and the server says so.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// FS is the built application: index.html, hashed files under assets/, and a .br and a .gz beside each compressible
// one. It is empty of all these in a program built without the web application.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		// dist is part of the pattern above, so this cannot happen in a program that compiled.
		panic("web: " + err.Error())
	}
	return sub
}
