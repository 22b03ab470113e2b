package identity

import "context"

// VerifyHash gives tests the check of one password hash.
func VerifyHash(encoded, password string) (parsed, ok bool) {
	p, _, _, parsed := parsePHC(encoded)
	if parsed && (p.MemoryKiB > 1024 || p.Passes > 2) {
		return parsed, false // too dear for a fuzzer
	}
	ok, _, _ = newHasher(HashParams{MemoryKiB: 8, Passes: 1, Threads: 1}).verify(context.Background(), encoded, password)
	return parsed, ok
}
