// Package chunk cuts an extracted document into the pieces that are indexed,
// found and quoted.
//
// The own pieces [Start, End) of the chunks partition the text exactly: joined
// in order they give it back, byte for byte, so every position of a document
// belongs to one chunk and every citation has one place. What a reader or a
// model is shown begins a little earlier, at Context, so that a sentence
// cut in two can still be understood.
//
// Borders follow the structure of the text. Pages are never crossed. A heading starts a chunk unless
// what stands before it is too short to be found by itself. Code, tables and
// lists stay whole when they fit; otherwise they break between lines. Running
// text breaks between paragraphs, then sentences (Latin and CJK), then words,
// and only in the last resort between two characters, never within one.
//
// Each chunk carries a breadcrumb, "Title > Section > Subsection", that says
// what it is a part of: the headings above it, the functions in it, or the rows and
// column names of a table.
package chunk
