package document_test

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/innoclaw/innoclaw/internal/document"
)

const (
	simplified  = "本实验测量了四种温度下薄膜的晶粒尺寸。样品在氮气中退火十分钟，然后用扫描电子显微镜观察表面形貌。结果表明，随着温度升高，晶粒逐渐长大，但在一百三十度时出现了碘化铅。我们建议在一百一十五度退火。数据保存在共享文件夹里，任何人都可以重新计算。\n"
	traditional = "本實驗測量了四種溫度下薄膜的晶粒尺寸。樣品在氮氣中退火十分鐘，然後用掃描電子顯微鏡觀察表面形貌。結果表明，隨著溫度升高，晶粒逐漸長大，但在一百三十度時出現了碘化鉛。我們建議在一百一十五度退火。資料保存在共用資料夾裡，任何人都可以重新計算。\n"
	japaneseTxt = "この実験では、四つの温度で薄膜の結晶粒の大きさを測定した。試料は窒素中で十分間アニールし、走査型電子顕微鏡で表面を観察した。温度が高くなるにつれて結晶粒は大きくなるが、百三十度ではヨウ化鉛が現れた。データは共有フォルダに保存してあり、誰でも計算し直すことができる。\n"
	koreanTxt   = "이 실험에서는 네 가지 온도에서 박막의 결정립 크기를 측정하였다. 시료는 질소 분위기에서 십 분 동안 열처리한 뒤 주사 전자 현미경으로 표면을 관찰하였다. 온도가 높아질수록 결정립은 커지지만 백삼십 도에서는 요오드화 납이 나타났다.\n"
	french      = "L'expérience a été menée à quatre températures différentes. Les échantillons ont été recuits dix minutes sous azote, puis observés au microscope électronique. On voit que les grains grossissent, mais qu'à cent trente degrés l'iodure de plomb apparaît. Où que l'on soit, les données sont partagées : « chacun peut recalculer ».\n"
	german      = "Die Körner wachsen mit der Temperatur, größere Körner haben weniger Grenzflächen. Für die Prüfung wurden zwölf Schichten über zehn Minuten geglüht. Schließlich zeigte sich bei hundertdreißig Grad überschüssiges Bleijodid. Die Messwerte können jederzeit nachgerechnet werden.\n"
	spanish     = "¿Qué ocurrió después? La muestra se enfrió en veinte minutos y señaló una fracción de plomo más pequeña. El año próximo se hará la medición a 115 °C.\n"
	smart       = "The “quoted” words – and the author’s dash — come from a word processor… for 20 €.\n"
	english     = "Nothing but plain words in this line, and numbers like 42.\n"
)

func encode(t testing.TB, e encoding.Encoding, s string) string {
	t.Helper()
	out, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatalf("encode the sample: %v", err)
	}
	return out
}

func TestDecodeTellsEncodings(t *testing.T) {
	t.Parallel()
	le, be := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	for _, c := range []struct {
		name string
		enc  encoding.Encoding
		text string
		want string
	}{
		{"ascii", encoding.Nop, english, "utf-8"},
		{"utf8", encoding.Nop, simplified + french, "utf-8"},
		{"utf16le english", le, english, "utf-16le"},
		{"utf16be english", be, english, "utf-16be"},
		{"utf16le chinese", le, simplified, "utf-16le"},
		{"utf16be chinese", be, simplified, "utf-16be"},
		{"utf16le japanese", le, japaneseTxt, "utf-16le"},
		{"utf16le german", le, german, "utf-16le"},
		{"gb18030", simplifiedchinese.GB18030, simplified, "gb18030"},
		{"gb18030 mixed", simplifiedchinese.GB18030, english + simplified, "gb18030"},
		{"big5", traditionalchinese.Big5, traditional, "big5"},
		{"shift_jis", japanese.ShiftJIS, japaneseTxt, "shift_jis"},
		{"euc-jp", japanese.EUCJP, japaneseTxt, "euc-jp"},
		{"euc-kr", korean.EUCKR, koreanTxt, "euc-kr"},
		{"french", charmap.Windows1252, french, "iso-8859-1"},
		{"german", charmap.Windows1252, german, "iso-8859-1"},
		{"spanish", charmap.Windows1252, spanish, "iso-8859-1"},
		{"smart quotes", charmap.Windows1252, smart, "windows-1252"},
	} {
		for _, size := range []int{1, 12} { // a short sample and several kilobytes
			text := strings.Repeat(c.text, size)
			got, name, ok := document.Decode([]byte(encode(t, c.enc, text)))
			if !ok || name != c.want {
				t.Errorf("%s x%d: Decode says %q, %v; want %q", c.name, size, name, ok, c.want)
			} else if got != text {
				t.Errorf("%s x%d: text differs: %.60q", c.name, size, got)
			}
		}
		// Long files that begin in ASCII.
		text := strings.Repeat(english, 2000) + c.text
		if got, name, ok := document.Decode([]byte(encode(t, c.enc, text))); !ok || name != c.want || got != text {
			t.Errorf("%s behind ASCII: Decode says %q, %v; want %q", c.name, name, ok, c.want)
		}
	}
}

func TestDecodeShortSamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want, encoding string }{
		{"", "", "utf-8"},
		{"a", "a", "utf-8"},
		{"caf\xe9", "café", "iso-8859-1"},
		{"na\xefve", "naïve", "iso-8859-1"},
		{"r\xe9sum\xe9 \xe0 la fran\xe7aise", "résumé à la française", "iso-8859-1"},
		{"20 \xb0C \xb1 1", "20 °C ± 1", "iso-8859-1"},
		{"\xd6\xd0\xce\xc4", "中文", "gb18030"},
		{"\xc4\xe3\xba\xc3\xa3\xac\xca\xc0\xbd\xe7", "你好，世界", "gb18030"},
		{"name,\xd0\xd5\xc3\xfb\n1,\xc0\xee\n", "name,姓名\n1,李\n", "gb18030"},
		{"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd", "こんにちは", "shift_jis"},
		{"\xa4\xb3\xa4\xf3\xa4\xcb\xa4\xc1\xa4\xcf", "こんにちは", "euc-jp"},
		{"\xef\xbb\xbfx", "x", "utf-8"},
		{"\xff\xfex\x00", "x", "utf-16le"},
		{"\xfe\xff\x00x", "x", "utf-16be"},
		{"h\x00i\x00\n\x00", "hi\n", "utf-16le"},
		{"\x00h\x00i\x00\n", "hi\n", "utf-16be"},
	} {
		got, name, ok := document.Decode([]byte(c.in))
		if !ok || got != c.want || name != c.encoding {
			t.Errorf("Decode(%q) = %q, %q, %v; want %q, %q", c.in, got, name, ok, c.want, c.encoding)
		}
	}
}

func TestDecodeMarksAndFaults(t *testing.T) {
	t.Parallel()
	utf32le := encode(t, utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), "wörter")
	if got, name, ok := document.Decode([]byte(utf32le)); !ok || got != "wörter" || name != "utf-32le" {
		t.Errorf("UTF-32: %q, %q, %v", got, name, ok)
	}
	d, ok := document.Inspect([]byte("\xef\xbb\xbf" + strings.Repeat("größer und schöner ", 20) + "\xff end\x00\n"))
	if !ok || !d.BOM || d.Encoding != "utf-8" || d.Replaced != 1 || d.NULs != 1 || d.Lossless() {
		t.Errorf("broken UTF-8: %+v, %v", d, ok)
	}
	if !strings.HasSuffix(d.Text, "\ufffd end\n") {
		t.Errorf("broken UTF-8 became %q", d.Text)
	}
	for name, bad := range map[string]string{
		"zeros":     strings.Repeat("\x00", 64),
		"samples":   strings.Repeat("\x01\x00\x7f\xff\x03\x80\x02\x00", 64),
		"high half": strings.Repeat("\xfe\x81\xff\x9d\x80\x8f", 64),
	} {
		if _, encoding, ok := document.Decode([]byte(bad)); ok {
			t.Errorf("%s counts as text in %s", name, encoding)
		}
	}
}

func TestEncodeGivesBackTheFile(t *testing.T) {
	t.Parallel()
	for _, e := range []string{
		encode(t, simplifiedchinese.GB18030, simplified), encode(t, japanese.ShiftJIS, japaneseTxt), encode(t, charmap.Windows1252, french),
		encode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), german), "\xef\xbb\xbfwith mark\r\n", encode(t, traditionalchinese.Big5, traditional),
	} {
		d, ok := document.Inspect([]byte(e))
		if !ok || !d.Lossless() {
			t.Fatalf("Inspect(%.20q) = %+v, %v", e, d, ok)
		}
		back, err := document.Encode(d.Text, d.Encoding, d.BOM)
		if err != nil || string(back) != e {
			t.Errorf("%s: Encode gives other bytes (%v)", d.Encoding, err)
		}
	}
	if _, err := document.Encode("中", "iso-8859-1", false); err == nil {
		t.Error("Encode put a Chinese character into Latin-1")
	}
	if _, err := document.Encode("x", "klingon", false); err == nil {
		t.Error("Encode knows an encoding that does not exist")
	}
}

func TestDetectEncodingOfABeginning(t *testing.T) {
	t.Parallel()
	whole := encode(t, simplifiedchinese.GB18030, strings.Repeat(simplified, 4))
	for cut := 200; cut < 208; cut++ { // also in the middle of a character
		if name, _, ok := document.DetectEncoding([]byte(whole[:cut])); !ok || name != "gb18030" {
			t.Errorf("first %d bytes: %q, %v; want gb18030", cut, name, ok)
		}
		if name, _, ok := document.DetectEncoding([]byte(simplified[:cut])); !ok || name != "utf-8" {
			t.Errorf("first %d bytes: %q, %v; want utf-8", cut, name, ok)
		}
	}
}
