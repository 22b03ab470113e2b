package document

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// legacySample bounds the bytes that a legacy encoding is guessed from.
const legacySample = 64 << 10

// guessLegacy tells the encodings from before Unicode apart. Each candidate
// decodes a sample; the one whose result looks most like language wins. The
// order decides between equals.
func guessLegacy(b []byte) (name string, ok bool) {
	sample := nonASCIISample(b)
	best, bestScore := "", 0.0
	for _, c := range []struct {
		name   string
		common string
	}{
		{encGB, commonSimplified},
		{encBig5, commonTraditional},
		{encSJIS, commonJapanese},
		{encEUCJP, commonJapanese},
		{encEUCKR, commonKorean},
	} {
		if score := scoreMultiByte(sample, c.name, c.common); score > bestScore {
			best, bestScore = c.name, score
		}
	}
	single := scoreLatin(sample)
	if single > 0 && single >= bestScore {
		best, bestScore = enc1252, single
	}
	if bestScore < minLegacyScore {
		if share := nonASCIIShare(sample); share > 0.3 && len(sample) > 8 {
			return "", false
		}
		best = enc1252
	}
	if best == enc1252 && !hasC1(b) {
		best = encLatin1
	}
	return best, true
}

// minLegacyScore is the least score that counts as recognised.
const minLegacyScore = 0.2

// nonASCIISample cuts a piece out of b that starts near the first byte that is
// not ASCII, at a line, so that long ASCII beginnings do not hide the rest.
func nonASCIISample(b []byte) []byte {
	first := bytes.IndexFunc(b, func(r rune) bool { return r >= utf8.RuneSelf })
	if first < 0 || len(b) <= legacySample {
		return b
	}
	start := bytes.LastIndexByte(b[:first], '\n') + 1
	if first-start > legacySample/2 {
		start = first // ASCII lies before it, so no character is cut
	}
	return b[start:min(len(b), start+legacySample)]
}

func nonASCIIShare(b []byte) float64 {
	n := 0
	for _, c := range b {
		if c >= utf8.RuneSelf {
			n++
		}
	}
	return float64(n) / float64(len(b)+1)
}

// hasC1 says whether b has bytes that only windows-1252 makes use of.
func hasC1(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 && c < 0xa0 {
			return true
		}
	}
	return false
}

// scoreMultiByte says how much like language the sample looks in an East Asian
// encoding: about 1 for plain prose, 0 or less when it is something else.
func scoreMultiByte(sample []byte, name, common string) float64 {
	out, _ := codec(name).NewDecoder().Bytes(sample)
	high := 0
	for _, c := range sample {
		if c >= utf8.RuneSelf {
			high++
		}
	}
	if high == 0 {
		return 0
	}
	score, broken, wide := 0.0, 0, 0
	for i, r := range string(out) {
		if r < utf8.RuneSelf {
			continue
		}
		wide++
		if r == utf8.RuneError {
			if len(out)-i > 3 { // else cut by the sample
				broken++
			}
			continue
		}
		score += wideScore(r, name, common)
	}
	// Structure that does not fit costs more than any character can earn.
	score -= 4 * float64(broken)
	// Two bytes are one character in all of them; trail bytes in ASCII make
	// it fewer, half-width kana more.
	return score / max(float64(high)/2, float64(wide))
}

// wideScore is the worth of one character as a sign of the encoding.
func wideScore(r rune, name, common string) float64 {
	japanese := name == encSJIS || name == encEUCJP
	switch {
	case r >= 0x3001 && r <= 0x3011, r >= 0xff01 && r <= 0xff5e, r == 0x3000:
		return 0.8 // punctuation and full-width forms
	case r >= 0x3040 && r <= 0x30ff:
		if japanese {
			return 1
		}
		return 0.2
	case r >= 0xff61 && r <= 0xff9f:
		return -0.3 // half-width kana: any high byte is one in Shift-JIS
	case r >= 0xac00 && r <= 0xd7a3:
		if name == encEUCKR && strings.ContainsRune(common, r) {
			return 1
		}
		return 0.2
	case r >= 0x4e00 && r <= 0x9fff:
		if name == encEUCKR {
			return 0.1
		}
		if strings.ContainsRune(common, r) {
			return 1
		}
		return 0.25
	case r >= 0x2010 && r <= 0x203b, r >= 0x2460 && r <= 0x2473, r >= 0x3a0 && r <= 0x3c9, r >= 0x2190 && r <= 0x2265:
		return 0.4 // dashes, quotes, numbers in circles, Greek, arrows and mathematics
	case r >= 0xe000 && r <= 0xf8ff:
		return -1
	}
	return 0
}

// scoreLatin says how much like a Western European language the sample looks:
// high bytes stand alone or in pairs between ASCII letters, or are the quotes,
// dashes and signs that stand at the edge of words.
func scoreLatin(sample []byte) float64 {
	score, high := 0.0, 0
	for i, c := range sample {
		if c < utf8.RuneSelf {
			continue
		}
		high++
		if undefined1252(c) {
			score -= 4
			continue
		}
		left, right := neighbour(sample, i-1), neighbour(sample, i+1)
		switch {
		case c >= 0xc0 && c != 0xd7 && c != 0xf7: // letters
			score += latinLetter(c, left, right)
		case left >= utf8.RuneSelf && right >= utf8.RuneSelf:
			score -= 0.5
		case c == 0x85 || c >= 0x91 && c <= 0x97 || c == 0x80, c == 0xab || c == 0xbb || c == 0xb0 || c == 0xb1 || c == 0xb5 || c == 0xa0 || c == 0xa7 || c == 0xa9 || c == 0xb2 || c == 0xb3 || c == 0xb7 || c == 0xd7 || c == 0xa3 || c == 0xbf || c == 0xa1:
			score += 0.7
		default:
			score += 0.2
		}
	}
	if high == 0 {
		return 0
	}
	return score / float64(high)
}

// latinLetter is the worth of an accented letter between its neighbours.
func latinLetter(c, left, right byte) float64 {
	ascii := 0
	if isASCIILetter(left) {
		ascii++
	}
	if isASCIILetter(right) {
		ascii++
	}
	lower := c >= 0xdf
	switch {
	case left >= utf8.RuneSelf && right >= utf8.RuneSelf:
		return -0.5
	case left >= 'a' && left <= 'z' && !lower:
		return 0 // a capital inside a word
	case ascii == 2:
		return 1
	case ascii == 1:
		return 0.8
	case left >= utf8.RuneSelf || right >= utf8.RuneSelf:
		return 0
	}
	return 0.5 // a word of its own: à, ä, é
}

func undefined1252(c byte) bool {
	return c == 0x81 || c == 0x8d || c == 0x8f || c == 0x90 || c == 0x9d
}

func neighbour(b []byte, i int) byte {
	if i < 0 || i >= len(b) {
		return ' '
	}
	return b[i]
}

func isASCIILetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// The most frequent characters of running text, in no order that matters.
const (
	commonSimplified = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔研究实验结果方法数据分析模型系统测试文件编码时间温度表示使用说明包括"

	commonTraditional = "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運筆研究實驗結果方法數據分析模型系統測試檔案編碼時間溫度表示使用說明包括"

	commonKorean = "이다는에의을를가은하고지한로기사도으서들어리나자아해인시대적있것과수그만일정라보부전장면게제여주스상조구원소니관계성연공동중부산국문생화경우명당때모든오러안년세회말없유신발실방식개물미까람법같무더된될되할했였습네며간및또터와요던트진학용비분선현재양체후단금감심민결과려내외입출력표데험측박막크온질위십열처뒤주사자현면찰높알커백삼납타"

	commonJapanese = "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入選立開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強気小七成期公野協取都和統以機平総加山思家話世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済書府活原先共得解名交資予川向際査勝面委告軍文反元重近千考判認画海参売利組知案道信策集在件団別物側任引使求所次水半品昨論計死官増係感特情投示変打男基私各始島直両朝革価式確村提運終挙果西勢減台広容必応演電歳住争談能無再位置企真流格有疑口過局少放税検藤町常校料沢裁状工建語球営空職証土与急止送援供可役構木割聞身費付施切由説転食比難防補車優夫研収断井何南石足違消境神番規術護展態導鮮備宅害配副算視条幹独警宮究育席輸訪楽起万着乗店述残想線率病農州武声質念待試験結果"
)
