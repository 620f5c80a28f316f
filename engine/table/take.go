package table

// Take copies the named columns at the given rows, in that order. Columns that t has
// not got are left out.
func (t *Table) Take(rows []int, names ...string) *Table {
	out := Make(len(rows))
	for _, name := range names {
		if c := t.Lookup(name); c != nil {
			out.Add(c.take(rows))
		}
	}
	return out
}

func (c *Column) take(rows []int) *Column {
	v := &Column{Field: c.Field}
	switch c.Kind {
	case Float:
		v.Floats = pick(c.Floats, rows)
	case Int, Decimal, Timestamp:
		if c.Shorts != nil {
			v.Shorts = pick(c.Shorts, rows)
		} else {
			v.Ints = pick(c.Ints, rows)
		}
	case Date:
		v.Dates = pick(c.Dates, rows)
	case Bool:
		v.Bools = pick(c.Bools, rows)
	case Category:
		v.Codes = pick(c.Codes, rows)
	case Text:
		v.Texts.Offsets = []int32{0}
		for _, i := range rows {
			v.Texts.Append(c.Texts.At(i))
		}
	}
	if c.Null != nil {
		v.Null = pick(c.Null, rows)
	}
	return v
}

func pick[T any](values []T, rows []int) []T {
	out := make([]T, len(rows))
	for k, i := range rows {
		out[k] = values[i]
	}
	return out
}
