package document

import (
	"errors"
	"testing"
)

func TestModuleGetsTicks(t *testing.T) {
	t.Parallel()
	out, err := withTicks(pdfiumModule)
	if err != nil {
		t.Fatal(err)
	}
	if added := len(out) - len(pdfiumModule); added < 100_000 {
		t.Errorf("%d bytes were added, which is too little for a tick in each function", added)
	}
	if _, err := withTicks(pdfiumModule[:len(pdfiumModule)/2]); !errors.Is(err, errWasm) {
		t.Errorf("half a module: %v", err)
	}
}

func FuzzWithTicks(f *testing.F) {
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x06\x06\x01\x7f\x01\x41\x00\x0b\x0a\x09\x01\x07\x00\x03\x40\x0c\x00\x0b\x0b"))
	f.Fuzz(func(t *testing.T, module []byte) {
		if _, err := withTicks(module); err != nil && !errors.Is(err, errWasm) {
			t.Errorf("error of another kind: %v", err)
		}
	})
}
