package doctest

import (
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"fmt"
)

// crypt is the oldest encryption of PDF (40 bits), enough to make a file that
// needs a password.
type crypt struct {
	key   []byte
	owner []byte
	id    []byte
}

// passwordPad fills passwords up, as the format prescribes.
const passwordPad = "\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A"

const permissions = 0xFFFFFFFC

func newCrypt(password string) *crypt {
	c := &crypt{id: []byte("innoclaw-doctest")}
	user := padded(password)
	ownerKey := md5.Sum(padded(password + "-owner"))
	c.owner = rc4Bytes(ownerKey[:5], user)
	h := md5.New()
	h.Write(user)
	h.Write(c.owner)
	binary.Write(h, binary.LittleEndian, uint32(permissions)) // a hash never fails
	h.Write(c.id)
	c.key = h.Sum(nil)[:5]
	return c
}

func padded(password string) []byte { return []byte((password + passwordPad)[:32]) }

func rc4Bytes(key, data []byte) []byte {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic(err) // the key has a fixed, valid length
	}
	out := make([]byte, len(data))
	c.XORKeyStream(out, data)
	return out
}

// encrypt encrypts a string or stream of object number.
func (c *crypt) encrypt(number int, data []byte) []byte {
	key := md5.Sum(append(append([]byte{}, c.key...), byte(number), byte(number>>8), byte(number>>16), 0, 0))
	return rc4Bytes(key[:10], data)
}

func (c *crypt) dict() string {
	signed := int32(-4) // permissions as the format stores them
	return fmt.Sprintf("<< /Filter /Standard /V 1 /R 2 /O <%X> /U <%X> /P %d >>", c.owner, rc4Bytes(c.key, []byte(passwordPad)), signed)
}
