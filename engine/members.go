package engine

import (
	"bytes"
	"database/sql"
	"io"
	"slices"
	"strings"

	"clientele/engine/segment"
	"clientele/engine/table"
)

// memberFields are the columns of segment_members but as_of.
func memberFields() []table.Field {
	return []table.Field{{Name: "segment", Kind: table.Category}, {Name: "customer_id", Kind: table.Text}, {Name: "scheme", Kind: table.Category}}
}

// memberRows hands out segment_members in the order of schemes, segments and customers.
// A scheme has few segments and the table is in the order of customers, so that counting
// puts the rows in order.
type memberRows struct {
	*run
	schemes  []scheme
	names    []string // of schemes
	segments []string // of all schemes, one after the other
	idBytes  int      // of the largest part so far
	rows     []int32  // of the scheme under way, in order
	ready    bool     // these are made
	at       int
}

// scheme is where the segments of a scheme are: in a column of the run's table, or in
// own.
type scheme struct {
	name   string
	column *table.Column
	own    *ownMembers
	place  int32 // of name among memberRows.names
	first  int32 // of its segments among memberRows.segments
}

// ownMembers are the members of a segment of the configuration.
type ownMembers struct {
	name string
	rows []int32 // in order
}

// readOwn reads own_members, in the order of the segments' names.
func (r *run) readOwn() error {
	names := make([]string, len(r.own))
	for i, o := range r.own {
		names[i] = o.Name
	}
	slices.Sort(names)
	r.members = make([]ownMembers, len(names))
	ids := &r.table.Column("customer_id").Texts
	for k, name := range names {
		t, err := r.db.Query(r.ctx, "SELECT customer_id FROM "+segment.MembersTable+" WHERE segment = $name ORDER BY customer_id", sql.Named("name", name))
		if err != nil {
			return err
		}
		m, i := ownMembers{name, make([]int32, 0, t.Rows())}, 0
		for row := range t.Rows() {
			id := t.Column("customer_id").Texts.At(row)
			for !bytes.Equal(ids.At(i), id) {
				i++
			}
			m.rows = append(m.rows, int32(i))
		}
		r.members[k] = m
	}
	return nil
}

func (r *run) memberRows() *memberRows {
	m := &memberRows{run: r, schemes: []scheme{{name: "rfm " + r.Config.RFM.Scheme, column: r.table.Column("rfm_segment")},
		{name: "lifecycle", column: r.table.Column("lifecycle_stage")}, {name: "churn band", column: r.table.Column("churn_band")},
		{name: ClusterScheme, column: r.clusterColumn()}}}
	if r.Config.RFM.Scheme != "cn8" {
		m.schemes = append(m.schemes, scheme{name: "rfm cn8", column: r.table.Column("rfm_cell")})
	}
	for i := range r.members {
		m.schemes = append(m.schemes, scheme{name: OwnScheme, own: &r.members[i]})
	}
	slices.SortStableFunc(m.schemes, func(a, b scheme) int { return strings.Compare(a.name, b.name) })
	for k := range m.schemes {
		s := &m.schemes[k]
		s.place, s.first = int32(len(m.names)), int32(len(m.segments))
		m.names = append(m.names, s.name)
		if s.own != nil {
			m.segments = append(m.segments, s.own.name)
		} else {
			m.segments = append(m.segments, s.column.Labels...)
		}
	}
	return m
}

// groupRows is how many rows a group of a Parquet file has. Parts of that size keep the
// groups the same however the work is divided.
const groupRows = 122_880

// next is the next part of the rows.
func (m *memberRows) next() (*table.Table, error) {
	p := m.part()
	for len(m.schemes) > 0 && p.rows() < groupRows {
		s := m.schemes[0]
		if !m.ready {
			m.arrange(s)
		}
		from := m.at
		m.at = min(from+groupRows-p.rows(), len(m.rows))
		m.put(p, s, m.rows[from:m.at])
		if m.at == len(m.rows) {
			m.schemes, m.ready = m.schemes[1:], false
		}
	}
	if p.rows() == 0 {
		return nil, io.EOF
	}
	return table.New(p...), nil
}

// arrange puts the rows of a scheme in order.
func (m *memberRows) arrange(s scheme) {
	m.rows, m.ready, m.at = m.rows[:0], true, 0
	if s.own != nil {
		m.rows = append(m.rows, s.own.rows...)
		return
	}
	place := places(s.column.Labels)
	next := make([]int, len(s.column.Labels)+1)
	for _, code := range s.column.Codes {
		if code >= 0 {
			next[place[code]+1]++
		}
	}
	for k := 1; k < len(next); k++ {
		next[k] += next[k-1]
	}
	m.rows = slices.Grow(m.rows, next[len(next)-1])[:next[len(next)-1]]
	for i, code := range s.column.Codes {
		if code >= 0 {
			m.rows[next[place[code]]] = int32(i)
			next[place[code]]++
		}
	}
}

// places are where labels stand when they are sorted; equal ones in one place.
func places(labels []string) []int {
	sorted := slices.Compact(slices.Sorted(slices.Values(labels)))
	out := make([]int, len(labels))
	for i, l := range labels {
		out[i], _ = slices.BinarySearch(sorted, l)
	}
	return out
}

// memberPart is columns of memberFields that grow.
type memberPart []*table.Column

func (m *memberRows) part() memberPart {
	p := make(memberPart, 3)
	for k, f := range memberFields() {
		p[k] = &table.Column{Field: f}
	}
	p[0].Labels, p[2].Labels = m.segments, m.names
	p[0].Codes, p[2].Codes = make([]int32, 0, groupRows), make([]int32, 0, groupRows)
	p[1].Texts.Offsets = append(make([]int32, 0, groupRows+1), 0)
	p[1].Texts.Bytes = make([]byte, 0, m.idBytes)
	return p
}

func (p memberPart) rows() int { return len(p[0].Codes) }

// put adds rows of a scheme.
func (m *memberRows) put(p memberPart, s scheme, rows []int32) {
	ids := &m.table.Column("customer_id").Texts
	for _, i := range rows {
		code := s.first
		if s.column != nil {
			code += s.column.Codes[i]
		}
		p[0].Codes, p[2].Codes = append(p[0].Codes, code), append(p[2].Codes, s.place)
		p[1].Texts.Append(ids.At(int(i)))
	}
	m.idBytes = max(m.idBytes, len(p[1].Texts.Bytes))
}
