// Package sample holds the small study that a new installation shows as its first
// workspace: Markdown, a PDF with pages, a CSV, a script and a Chinese text, all
// written for this purpose. report.pdf is printed from source/report.html.
package sample

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

//go:embed files
var files embed.FS

// Name is the name of the sample workspace and of its folder.
const Name = "sample-study"

// Write puts the sample into the folder Name of root. An existing folder is left
// as it is, so that what a person changed or deleted stays so; created tells
// whether it was made now.
func Write(root *os.Root) (created bool, err error) {
	if _, err := root.Lstat(Name); err == nil {
		return false, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("look for the sample folder: %w", err)
	}
	// The folder gets its name when it is complete: a start that is cut short
	// leaves nothing that looks like a sample.
	temporary := "." + Name + ".new"
	if err := root.RemoveAll(temporary); err != nil {
		return false, fmt.Errorf("clear an unfinished sample: %w", err)
	}
	if err := copyFiles(root, temporary); err != nil {
		return false, err
	}
	if err := root.Rename(temporary, Name); err != nil {
		return false, fmt.Errorf("name the sample folder: %w", err)
	}
	return true, nil
}

func copyFiles(root *os.Root, to string) error {
	return fs.WalkDir(files, "files", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read the sample: %w", err)
		}
		target := path.Join(to, name[len("files"):])
		if entry.IsDir() {
			if err := root.Mkdir(target, 0o755); err != nil {
				return fmt.Errorf("create sample folder: %w", err)
			}
			return nil
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read the sample: %w", err)
		}
		if err := root.WriteFile(target, data, 0o644); err != nil {
			return fmt.Errorf("write sample file: %w", err)
		}
		return nil
	})
}
