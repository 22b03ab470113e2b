package document

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// Names of the encodings that are detected.
const (
	encUTF8    = "utf-8"
	encUTF16LE = "utf-16le"
	encUTF16BE = "utf-16be"
	encUTF32LE = "utf-32le"
	encUTF32BE = "utf-32be"
	encGB      = "gb18030"
	encBig5    = "big5"
	encSJIS    = "shift_jis"
	encEUCJP   = "euc-jp"
	encEUCKR   = "euc-kr"
	encLatin1  = "iso-8859-1"
	enc1252    = "windows-1252"
)

// codec gives the coder of a named encoding; nil for UTF-8 and unknown names.
func codec(name string) encoding.Encoding {
	switch name {
	case encUTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case encUTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case encUTF32LE:
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case encUTF32BE:
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case encGB:
		return simplifiedchinese.GB18030
	case encBig5:
		return traditionalchinese.Big5
	case encSJIS:
		return japanese.ShiftJIS
	case encEUCJP:
		return japanese.EUCJP
	case encEUCKR:
		return korean.EUCKR
	case encLatin1, enc1252:
		return charmap.Windows1252 // a superset of the printable part of Latin-1
	}
	return nil
}

// Decoded is the text of a file and how it was stored.
type Decoded struct {
	Text     string // valid UTF-8 without byte order mark and NUL
	Encoding string // "utf-8", "utf-16le", "gb18030", "windows-1252", ...
	BOM      bool   // the file starts with a byte order mark
	Replaced int    // byte sequences that had no meaning and became U+FFFD; above zero, writing back would lose them
	NULs     int    // NUL characters that were dropped
}

// Lossless says whether [Encode] of the text gives back the same file.
func (d Decoded) Lossless() bool { return d.Replaced == 0 && d.NULs == 0 }

// Decode turns the bytes of a whole text file into text. ok is false for files
// that are no text. See [Inspect] for more detail.
func Decode(b []byte) (text, encodingName string, ok bool) {
	d, ok := Inspect(b)
	return d.Text, d.Encoding, ok
}

// DetectEncoding names the encoding of a text file, or of the beginning of one.
// ok is false for files that are no text.
func DetectEncoding(b []byte) (name string, bom, ok bool) {
	if name, n := byteOrderMark(b); n > 0 {
		return name, true, true
	}
	name, ok = guess(b)
	return name, false, ok
}

// Inspect is [Decode] with all that a writer needs to know.
func Inspect(b []byte) (Decoded, bool) {
	name, n := byteOrderMark(b)
	if n > 0 {
		return decodeAs(b[n:], name, true), true
	}
	name, ok := guess(b)
	if !ok {
		return Decoded{}, false
	}
	return decodeAs(b, name, false), true
}

// Encode stores text in the named encoding, the opposite of [Inspect]. It is an
// error if the encoding is unknown or lacks one of the characters.
func Encode(text, encodingName string, bom bool) ([]byte, error) {
	if encodingName == encUTF8 || encodingName == "" {
		if bom {
			return append([]byte(bomUTF8), text...), nil
		}
		return []byte(text), nil
	}
	c := codec(encodingName)
	if c == nil {
		return nil, fmt.Errorf("encode text: unknown encoding %q", encodingName)
	}
	if bom && strings.HasPrefix(encodingName, "utf-") {
		text = "\ufeff" + text
	}
	out, err := c.NewEncoder().String(text)
	if err != nil {
		return nil, fmt.Errorf("encode text as %s: %w", encodingName, err)
	}
	return []byte(out), nil
}

const bomUTF8 = "\xef\xbb\xbf"

// byteOrderMark gives the encoding that a mark at the start tells and the
// mark's length, 0 if there is none.
func byteOrderMark(b []byte) (name string, length int) {
	switch {
	case bytes.HasPrefix(b, []byte(bomUTF8)):
		return encUTF8, 3
	case bytes.HasPrefix(b, []byte("\xff\xfe\x00\x00")) && len(b)%4 == 0:
		return encUTF32LE, 4
	case bytes.HasPrefix(b, []byte("\x00\x00\xfe\xff")):
		return encUTF32BE, 4
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return encUTF16LE, 2
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return encUTF16BE, 2
	}
	return "", 0
}

// decodeAs decodes b, which has no byte order mark any more.
func decodeAs(b []byte, name string, bom bool) Decoded {
	d := Decoded{Encoding: name, BOM: bom}
	c := codec(name)
	switch {
	case c == nil && utf8.Valid(b):
		d.Text = string(b)
	case c == nil:
		d.Text, d.Replaced = repairUTF8(b)
	default:
		out, _ := c.NewDecoder().Bytes(b) // decoders replace what they do not know
		d.Text = string(out)
		if !utf8.ValidString(d.Text) {
			d.Text = strings.ToValidUTF8(d.Text, "\ufffd")
		}
		d.Replaced = strings.Count(d.Text, "\ufffd")
	}
	if strings.IndexByte(d.Text, 0) >= 0 {
		d.NULs = strings.Count(d.Text, "\x00")
		d.Text = strings.ReplaceAll(d.Text, "\x00", "")
	}
	return d
}

// repairUTF8 puts U+FFFD in place of each invalid byte.
func repairUTF8(b []byte) (string, int) {
	var out strings.Builder
	out.Grow(len(b) + 16)
	replaced := 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			out.WriteByte(b[i])
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			replaced++
		}
		out.WriteRune(r)
		i += n
	}
	return out.String(), replaced
}

// guess names the encoding of b, which has no byte order mark.
func guess(b []byte) (name string, ok bool) {
	if len(b) == 0 {
		return encUTF8, true
	}
	nul := bytes.IndexByte(b, 0) >= 0
	if nul || !utf8.Valid(b) {
		if name := guessUTF16(b); name != "" {
			return name, true
		}
	}
	if tooManyControls(b) {
		return "", false
	}
	if isUTF8(b) {
		return encUTF8, true
	}
	return guessLegacy(b)
}

// tooManyControls says whether b holds more control characters than text does:
// one in a hundred, NUL included.
func tooManyControls(b []byte) bool {
	n := 0
	for _, c := range b {
		if c < 0x20 && !textControls[c] || c == 0x7f {
			n++
		}
	}
	return n > len(b)/100+1
}

// textControls are the control characters that text files do contain: tabs,
// line and page breaks, and the backspace and escape of terminal logs.
var textControls = [0x20]bool{'\t': true, '\n': true, '\r': true, '\f': true, '\v': true, '\b': true, 0x1b: true}

// isUTF8 says whether b is UTF-8, where a few broken sequences among many good
// ones and a character cut at the end do no harm.
func isUTF8(b []byte) bool {
	if utf8.Valid(b) {
		return true
	}
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			good++
		case len(b)-i < utf8.UTFMax && !utf8.FullRune(b[i:]) && good > 0:
			return good > 10*bad
		default:
			bad++
		}
		i += n
	}
	return good > 10*bad
}

// utf16Sample bounds the code units that guessUTF16 looks at.
const utf16Sample = 32 << 10

// guessUTF16 recognises UTF-16 without a byte order mark; "" if b is none.
func guessUTF16(b []byte) string {
	if len(b) < 4 || len(b)%2 != 0 {
		return ""
	}
	if len(b) > 2*utf16Sample {
		b = b[:2*utf16Sample]
	}
	little, littleSure := utf16Plausible(b, 0, 1)
	big, bigSure := utf16Plausible(b, 1, 0)
	switch {
	case little >= 0.97 && littleSure && little > big:
		return encUTF16LE
	case big >= 0.97 && bigSure && big > little:
		return encUTF16BE
	}
	return ""
}

// utf16Plausible gives the share of code units that text consists of, 0 to 1,
// and whether some of them are of a kind that other encodings do not show by
// chance: ASCII with its zero byte, or East Asian punctuation and kana.
func utf16Plausible(b []byte, low, high int) (share float64, sure bool) {
	good, total, telling := 0, 0, 0
	for i := 0; i+1 < len(b); i += 2 {
		total++
		u := rune(b[i+high])<<8 | rune(b[i+low])
		switch {
		case u < 0x20:
			if !textControls[u] {
				return 0, false
			}
			good++
			telling++
		case u < 0x7f, u >= 0x3001 && u <= 0x3002, u >= 0x3040 && u <= 0x30ff, u == 0xff0c:
			good++
			telling++
		case u >= 0xa0 && u < 0x530, u >= 0x2000 && u < 0x2300, u >= 0x3000 && u < 0x3100,
			u >= 0x4e00 && u < 0xa000, u >= 0xac00 && u < 0xd7a4, u >= 0xff00 && u < 0xfff0,
			u >= 0xd800 && u < 0xe000:
			good++
		}
	}
	return float64(good) / float64(total), telling*50 >= total
}
