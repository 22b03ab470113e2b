package doctest

import (
	"fmt"
	"strings"
)

// Article gives a paper of three pages as people write them: a title, headings,
// paragraphs in lines, a table, and page numbers at the foot. Each paragraph
// has a sentence that no other has.
func Article() []byte {
	b := &Builder{Title: "Drying of Clay at Low Pressure", Author: "InnoClaw"}
	a := article{b: b}
	a.newPage()
	a.line(Bold, 18, "Drying of Clay at Low Pressure")
	a.space(8)
	for _, s := range articleText {
		switch {
		case strings.HasPrefix(s, "# "):
			a.heading(s[2:])
		case s == "table":
			a.table()
		default:
			a.paragraph(s)
		}
	}
	for i, p := range b.pages {
		p.Text(290, 40, 9, Helvetica, fmt.Sprintf("%d", i+1))
	}
	return b.Bytes()
}

var articleText = []string{
	"# 1 Introduction",
	"Clay shrinks when it dries, and it cracks when it shrinks unevenly. Potters have known this for ten thousand years, but the rate at which water leaves the pores at low pressure has rarely been measured. We dried forty tiles of the same batch in a vacuum chamber and weighed them every six minutes.",
	"Our question is practical: how far can the pressure be lowered before the first crack appears? The answer turned out to depend less on the pressure itself than on how quickly it was reached.",
	"# 2 Materials and method",
	"The tiles measured 80 by 80 by 9 millimetres and held 24 per cent of water by mass. The chamber was pumped from 101 kilopascal to between 5 and 60 kilopascal, either within one minute or within one hour. Temperature was kept at 293 kelvin.",
	"Cracks were found with a camera above the glass lid, which took a picture every ten seconds. A tile counted as cracked when a dark line longer than 4 millimetres stayed in three pictures in a row.",
	"# 3 Results",
	"At 20 kilopascal the tiles lost half of their water in 47 minutes, compared with 190 minutes at normal pressure. None of the slowly pumped tiles cracked above 12 kilopascal.",
	"table",
	"The quickly pumped tiles behaved differently: seven of ten cracked at 20 kilopascal, most of them within the first four minutes, long before they had lost a tenth of their water.",
	"# 4 Discussion",
	"The early cracks suggest that not the loss of water but the escape of air from closed pores breaks the tile. This would explain why thick tiles, whose pores are further from the surface, cracked more often.",
	"We did not vary the temperature. A warmer chamber dries faster at the same pressure, and whether it also cracks more tiles is left for further work.",
	"Two further observations deserve a word. Tiles from the rim of the kiln shelf had been stored longer and held a little less water; leaving them out does not change any of the figures. And the camera missed one crack that ran along the edge, where it lay in the shadow of the frame; it was found by hand and is counted.",
	"# 5 Limits of the study",
	"All forty tiles came from one batch of a single clay. Stoneware with coarse grog is known to let air pass more easily, and porcelain hardly at all, so that the safe rate of pumping will differ between bodies. The thickness was the same throughout.",
	"The balance in the chamber resolves 20 milligram. Below one kilopascal its reading drifts, which is why no run went there. Each figure in the table is the median of ten tiles, and the spread between the quickest and the slowest was under nine per cent.",
	"# 6 Conclusion",
	"Lowering the pressure to 20 kilopascal makes drying four times as fast and does no harm if it is done within an hour. We recommend a rate of no more than 2 kilopascal per minute.",
}

const (
	articleLeft   = 72
	articleTop    = 760
	articleBottom = 150
	articleWidth  = 82 // characters of a line
)

type article struct {
	b    *Builder
	page *Page
	y    float64
}

func (a *article) newPage() {
	a.page = a.b.Page()
	a.y = articleTop
}

func (a *article) line(f Font, size float64, s string) {
	a.page.Text(articleLeft, a.y, size, f, s)
	a.y -= size * 1.35
}

func (a *article) space(h float64) { a.y -= h }

// ensure starts a page if less than h points are left.
func (a *article) ensure(h float64) {
	if a.y-h < articleBottom {
		a.newPage()
	}
}

func (a *article) heading(s string) {
	a.ensure(120)
	a.space(22)
	a.line(Bold, 14, s)
	a.space(4)
}

func (a *article) paragraph(s string) {
	a.ensure(110)
	line := ""
	for _, word := range strings.Fields(s) {
		if len(line)+1+len(word) > articleWidth {
			a.line(Times, 12, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	a.line(Times, 12, line)
	a.space(16)
}

func (a *article) table() {
	a.ensure(150)
	for i, row := range [][]string{{"Pressure", "Pumped in", "Half dry after", "Cracked"}, {"101 kPa", "-", "190 min", "0 of 10"}, {"40 kPa", "60 min", "88 min", "0 of 10"}, {"20 kPa", "60 min", "47 min", "0 of 10"}, {"20 kPa", "1 min", "45 min", "7 of 10"}} {
		font := Helvetica
		if i == 0 {
			font = Bold
		}
		for k, cell := range row {
			a.page.Text(articleLeft+float64(k)*110, a.y, 10, font, cell)
		}
		a.page.Line(articleLeft, a.y-4, articleLeft+430, a.y-4)
		a.y -= 18
	}
	a.space(8)
}
