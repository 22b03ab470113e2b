// Package ignore decides which files of a workspace are left out of its index,
// and says why.
//
// Four sources speak, in this order; the first that has an opinion wins:
//
//  1. InnoClaw's own folder and version control folders are always left out.
//  2. .innoclawignore files: same syntax as .gitignore, above everything else,
//     so that "!name" can bring back even a file that looks like a secret.
//  3. The secrets rule (keys, tokens, .env files). A .gitignore can not lift it.
//  4. .gitignore files, whose "!name" can lift the built-in rules below.
//  5. Built-in rules: dependencies, build output, caches, temporary files.
//
// As in git, nothing below a left-out folder can be brought back: the walk
// does not enter it. Patterns follow gitignore(5), compared byte by byte; a
// pattern that git would find malformed matches nothing.
//
// A [Level] stands for one folder and is immutable; a walk makes one per folder
// with [Level.Enter] and asks [Level.Match] for each entry.
package ignore
