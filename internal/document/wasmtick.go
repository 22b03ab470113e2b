package document

import (
	"errors"
	"fmt"
)

// This file makes WebAssembly interruptible at little cost. The runtime's own
// way calls into Go at every turn of every loop, which makes PDFium three times
// slower. Here the module itself counts turns of loops and calls of functions,
// in a variable that is added to it, and every tickTurns of them asks for tickPages of memory. No limit
// allows that much, so the answer is always no and changes nothing; but the
// question reaches [guestBuffer.Reallocate], which can stop the module then.

const (
	// tickTurns is the number of turns and calls between two ticks: some
	// milliseconds.
	tickTurns = 1 << 20
	// tickPages is the growth of memory, in pages of 64 KiB, that stands for a
	// tick: 1 GB. The memory of an instance must stay below that.
	tickPages = 1 << 14
)

// Sections of a module that are rewritten.
const (
	sectionImport = 2
	sectionGlobal = 6
	sectionCode   = 10
	sectionCustom = 0
)

var errWasm = errors.New("unexpected WebAssembly")

// withTicks rewrites a module so that its loops and functions tick. It knows the instructions
// that compilers emit today; a module with others is refused.
func withTicks(module []byte) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil { // reading beyond the end, or an unknown instruction
			out, err = nil, fmt.Errorf("rewrite module: %w: %v", errWasm, p)
		}
	}()
	r := wasmReader{b: module, at: 8}
	out = append(make([]byte, 0, len(module)+len(module)/8), module[:8]...)
	counter, written := 0, false
	for r.at < len(module) {
		id := r.byte()
		body := r.bytes(int(r.unsigned()))
		switch id {
		case sectionCustom:
			continue // names and the like hold offsets that change
		case sectionImport:
			counter += importedGlobals(body)
		case sectionGlobal:
			var n int
			body, n = addCounter(body)
			counter += n
			written = true
		case sectionCode:
			if !written {
				return nil, fmt.Errorf("rewrite module: %w: it has no variables", errWasm)
			}
			body = tickingCode(body, counter)
		}
		out = append(out, id)
		out = appendUnsigned(out, uint64(len(body)))
		out = append(out, body...)
	}
	return out, nil
}

// importedGlobals counts the variables among the imports.
func importedGlobals(body []byte) int {
	r, n := wasmReader{b: body}, 0
	for range r.unsigned() {
		r.bytes(int(r.unsigned()))
		r.bytes(int(r.unsigned()))
		switch kind := r.byte(); kind {
		case 0: // function
			r.unsigned()
		case 3: // global
			r.bytes(2)
			n++
		default:
			panic(fmt.Sprintf("import of kind %d", kind))
		}
	}
	return n
}

// addCounter adds a variable to the section of variables, and gives its index
// among them.
func addCounter(body []byte) ([]byte, int) {
	r := wasmReader{b: body}
	n := r.unsigned()
	out := appendUnsigned(nil, n+1)
	out = append(out, body[r.at:]...)
	out = append(out, opI32, 1, opI32Const)
	out = appendSigned(out, tickTurns)
	return append(out, opEnd), int(n)
}

// tickingCode rewrites all functions.
func tickingCode(body []byte, counter int) []byte {
	tick := tickCode(counter)
	r := wasmReader{b: body}
	n := r.unsigned()
	out := appendUnsigned(make([]byte, 0, len(body)+len(body)/8), n)
	var f []byte
	for range n {
		f = tickingFunction(f[:0], r.bytes(int(r.unsigned())), tick)
		out = appendUnsigned(out, uint64(len(f)))
		out = append(out, f...)
	}
	return out
}

// tickCode is what runs at every turn and call:
//
//	counter--; if counter == 0 { memory.grow(tickPages); counter = tickTurns }
func tickCode(counter int) []byte {
	get := appendUnsigned([]byte{opGlobalGet}, uint64(counter))
	set := appendUnsigned([]byte{opGlobalSet}, uint64(counter))
	var c []byte
	c = append(c, get...)
	c = append(c, opI32Const, 1, opI32Sub)
	c = append(c, set...)
	c = append(c, get...)
	c = append(c, opI32Eqz, opIf, blockEmpty)
	c = appendSigned(append(c, opI32Const), tickPages)
	c = append(c, opMemoryGrow, 0, opDrop)
	c = appendSigned(append(c, opI32Const), tickTurns)
	c = append(c, set...)
	return append(c, opEnd)
}

// tickingFunction appends a function to out with the code of a tick at its start
// and at that of each loop.
func tickingFunction(out, f, tick []byte) []byte {
	r := wasmReader{b: f}
	for range r.unsigned() { // groups of local variables
		r.unsigned()
		r.byte()
	}
	out = append(out, f[:r.at]...)
	out = append(out, tick...)
	copied := r.at
	for r.at < len(f) {
		if op := r.instruction(); op == opLoop {
			out = append(out, f[copied:r.at]...)
			out = append(out, tick...)
			copied = r.at
		}
	}
	return append(out, f[copied:]...)
}

// Instructions and types of WebAssembly by their codes.
const (
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableSet     = 0x26
	opLoad         = 0x28
	opStoreLast    = 0x3e
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32Eqz       = 0x45
	opI32Sub       = 0x6b
	opPlainLast    = 0xc4
	opRefNull      = 0xd0
	opRefFunc      = 0xd2
	opExtended     = 0xfc
	opVector       = 0xfd
	opI32          = 0x7f
	blockEmpty     = 0x40
)

// wasmReader reads a module. It panics at the end of its bytes.
type wasmReader struct {
	b  []byte
	at int
}

func (r *wasmReader) byte() byte {
	r.at++
	return r.b[r.at-1]
}

func (r *wasmReader) bytes(n int) []byte {
	if n < 0 || n > len(r.b)-r.at {
		panic("end of the module")
	}
	r.at += n
	return r.b[r.at-n : r.at : r.at]
}

// unsigned reads a number in LEB128. Signed ones have the same length, so it
// also skips those.
func (r *wasmReader) unsigned() uint64 {
	n := uint64(0)
	for shift := 0; ; shift += 7 {
		c := r.byte()
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
}

// instruction reads an instruction with all that belongs to it.
func (r *wasmReader) instruction() byte {
	op := r.byte()
	switch {
	case op == opBlock, op == opLoop, op == opIf, op == opBr, op == opBrIf, op == opCall, op >= opLocalGet && op <= opTableSet,
		op == opMemorySize, op == opMemoryGrow, op == opI32Const, op == opI64Const, op == opRefNull, op == opRefFunc:
		r.unsigned()
	case op == opCallIndirect, op >= opLoad && op <= opStoreLast:
		r.unsigned()
		r.unsigned()
	case op == opBrTable:
		for range r.unsigned() + 1 {
			r.unsigned()
		}
	case op == opSelectTyped:
		r.bytes(int(r.unsigned()))
	case op == opF32Const:
		r.bytes(4)
	case op == opF64Const:
		r.bytes(8)
	case op == opExtended:
		r.extended()
	case op == opVector:
		r.vector()
	case op <= 0x01, op == 0x05, op == opEnd, op == 0x0f, op == opDrop, op == 0x1b, op > opF64Const && op <= opPlainLast, op == 0xd1:
		// nothing belongs to it
	default:
		panic(fmt.Sprintf("instruction %#x", op))
	}
	return op
}

// extended reads the rest of an instruction for conversions, bulk memory and
// tables.
func (r *wasmReader) extended() {
	switch op := r.unsigned(); {
	case op <= 7:
	case op == 9, op == 11, op == 13, op >= 15 && op <= 17:
		r.unsigned()
	case op == 8, op == 10, op == 12, op == 14:
		r.unsigned()
		r.unsigned()
	default:
		panic(fmt.Sprintf("instruction 0xfc %d", op))
	}
}

// vector reads the rest of a vector instruction.
func (r *wasmReader) vector() {
	switch op := r.unsigned(); {
	case op <= 11, op == 92, op == 93:
		r.unsigned()
		r.unsigned()
	case op == 12, op == 13:
		r.bytes(16)
	case op >= 21 && op <= 34:
		r.byte()
	case op >= 84 && op <= 91:
		r.unsigned()
		r.unsigned()
		r.byte()
	case op <= 255:
	default:
		panic(fmt.Sprintf("instruction 0xfd %d", op))
	}
}

func appendUnsigned(out []byte, n uint64) []byte {
	for n >= 0x80 {
		out = append(out, byte(n)|0x80)
		n >>= 7
	}
	return append(out, byte(n))
}

func appendSigned(out []byte, n int64) []byte {
	for n > 0x3f || n < -0x40 {
		out = append(out, byte(n)&0x7f|0x80)
		n >>= 7
	}
	return append(out, byte(n)&0x7f)
}
