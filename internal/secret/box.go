package secret

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	keyFile = "master.key"
	// sealedPrefix names the format, so that a later one can be told apart.
	sealedPrefix = "v1."
)

// ErrSealed says that a sealed value cannot be opened: it was sealed with another
// key, under another label, or was changed.
var ErrSealed = errors.New("sealed value cannot be opened with this installation's key")

// Box seals values for storage with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha)
// under a random key that lives in a file of its own, so that a copy of the
// database alone gives no secret away.
type Box struct{ key []byte }

// OpenBox reads the key from dir, or makes one if there is none. The folder gets
// mode 0700 and the file 0600.
func OpenBox(dir string) (*Box, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create key folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open key folder: %w", err)
	}
	defer root.Close()
	key, err := root.ReadFile(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return newBox(root)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	if len(key) != chacha20poly1305.KeySize {
		return nil, fmt.Errorf("key file %s holds %d bytes instead of %d: restore it from a backup, or remove it and enter all keys again",
			filepath.Join(dir, keyFile), len(key), chacha20poly1305.KeySize)
	}
	if err := root.Chmod(keyFile, 0o600); err != nil {
		return nil, fmt.Errorf("restrict key file: %w", err)
	}
	return &Box{key: key}, nil
}

// newBox makes a key. It is written to a temporary name and linked into place, so
// that two processes starting at once agree on one key and none reads half of it.
func newBox(root *os.Root) (*Box, error) {
	key := make([]byte, chacha20poly1305.KeySize)
	rand.Read(key)
	temporary := keyFile + "." + rand.Text()
	f, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create key: %w", err)
	}
	defer root.Remove(temporary)
	_, err = f.Write(key)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("write key: %w", err)
	}
	if err := root.Link(temporary, keyFile); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("store key: %w", err)
	}
	key, err = root.ReadFile(keyFile)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	return &Box{key: key}, nil
}

// Seal encrypts plain for storage. label, for example the setting's name, is bound
// to the result: it opens under the same label only.
func (b *Box) Seal(plain []byte, label string) (string, error) {
	aead, err := chacha20poly1305.NewX(b.key)
	if err != nil {
		return "", fmt.Errorf("prepare cipher: %w", err)
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(nonce)
	return sealedPrefix + base64.RawStdEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, []byte(label))), nil
}

// Open decrypts what Seal made. The error is ErrSealed when it cannot.
func (b *Box) Open(sealed, label string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(sealed, sealedPrefix)
	if !ok {
		return nil, ErrSealed
	}
	data, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, ErrSealed
	}
	aead, err := chacha20poly1305.NewX(b.key)
	if err != nil {
		return nil, fmt.Errorf("prepare cipher: %w", err)
	}
	if len(data) < aead.NonceSize() {
		return nil, ErrSealed
	}
	plain, err := aead.Open(nil, data[:aead.NonceSize()], data[aead.NonceSize():], []byte(label))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
