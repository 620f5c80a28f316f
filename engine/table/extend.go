package table

// Reserve is a copy of c with room for so many rows in all, as Extend fills it.
func (c *Column) Reserve(rows int) *Column {
	out := &Column{Field: c.Field}
	switch c.Kind {
	case Float:
		out.Floats = make([]float64, 0, rows)
	case Int, Decimal, Timestamp:
		if c.Shorts != nil {
			out.Shorts = make([]int32, 0, rows)
		} else {
			out.Ints = make([]int64, 0, rows)
		}
	case Date:
		out.Dates = make([]int32, 0, rows)
	case Text:
		out.Texts.Offsets = append(make([]int32, 0, rows+1), 0)
		if n := c.Len(); n > 0 { // texts are taken to be about as long as these
			first, last := c.Texts.Offsets[0], c.Texts.Offsets[n]
			out.Texts.Bytes = make([]byte, 0, int(float64(last-first)/float64(n)*float64(rows)*1.02)+1)
		}
	case Bool:
		out.Bools = make([]bool, 0, rows)
	case Category:
		out.Codes = make([]int32, 0, rows)
	}
	out.Extend(c)
	return out
}

// Extend appends the rows of another column of the same kind, held in as many bits, and
// for Category of the same labels.
func (c *Column) Extend(more *Column) {
	before, n := c.Len(), more.Len()
	switch c.Kind {
	case Float:
		c.Floats = append(c.Floats, more.Floats...)
	case Int, Decimal, Timestamp:
		if c.Shorts != nil {
			c.Shorts = append(c.Shorts, more.Shorts...)
		} else {
			c.Ints = append(c.Ints, more.Ints...)
		}
	case Date:
		c.Dates = append(c.Dates, more.Dates...)
	case Text:
		for i := range n {
			c.Texts.Append(more.Texts.At(i))
		}
	case Bool:
		c.Bools = append(c.Bools, more.Bools...)
	case Category:
		c.Codes = append(c.Codes, more.Codes...)
	}
	if c.Null == nil && more.Null == nil {
		return
	}
	if c.Null == nil {
		c.Null = make([]bool, before, c.room())
	}
	if more.Null == nil {
		c.Null = append(c.Null, make([]bool, n)...)
		return
	}
	c.Null = append(c.Null, more.Null...)
}

// room is how many rows c holds without growing.
func (c *Column) room() int {
	switch c.Kind {
	case Float:
		return cap(c.Floats)
	case Int, Decimal, Timestamp:
		if c.Shorts != nil {
			return cap(c.Shorts)
		}
		return cap(c.Ints)
	case Date:
		return cap(c.Dates)
	case Text:
		return cap(c.Texts.Offsets) - 1
	case Bool:
		return cap(c.Bools)
	}
	return cap(c.Codes)
}
