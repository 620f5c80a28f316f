package parquet

import (
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/zeebo/xxh3"
)

// Pages are packed pages of texts, of files that have texts in common: what is packed for
// one of them is not packed again for another. The ids of customers are in most files of
// a run, and take longer to pack than all else but numbers.
type Pages struct {
	mu     sync.Mutex
	packed map[xxh3.Uint128][]byte // by a hash of the page
}

// packer packs pages.
type packer struct {
	encoder *zstd.Encoder
	pages   *Pages // nil: none are kept
}

// pack appends a packed page.
func (p packer) pack(to, page []byte, keep bool) []byte {
	if !keep || p.pages == nil {
		return p.encoder.EncodeAll(page, to)
	}
	key := xxh3.Hash128(page)
	p.pages.mu.Lock()
	known := p.pages.packed[key]
	p.pages.mu.Unlock()
	if known != nil {
		return append(to, known...)
	}
	to = p.encoder.EncodeAll(page, to)
	p.pages.mu.Lock()
	defer p.pages.mu.Unlock()
	if p.pages.packed == nil {
		p.pages.packed = map[xxh3.Uint128][]byte{}
	}
	p.pages.packed[key] = slices.Clone(to)
	return to
}
