package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// Parameters are estimates as saved models have them: a JSON object in their order,
// {"r": 0.55, "alpha": 10.6}, with null for what is no finite number.
type Parameters []Parameter

// MarshalJSON implements json.Marshaler. Numbers have as many digits as bring them back.
func (p Parameters) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, e := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(e.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(Known(e.Value))
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON implements json.Unmarshaler: null becomes NaN.
func (p *Parameters) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	switch begin, err := d.Token(); {
	case err != nil:
		return err
	case begin != json.Delim('{'):
		return errors.New("parameters are no JSON object")
	}
	*p = nil
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value *float64
		if err := d.Decode(&value); err != nil {
			return err
		}
		*p = append(*p, Parameter{Name: fmt.Sprint(name), Value: OrNaN(value)})
	}
	return nil
}

// Known points to v, for a field of JSON: nil where v is NaN or infinite, which JSON
// has no word for.
func Known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// OrNaN is the way back: NaN for nil.
func OrNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// Decode reads a JSON value strictly: a key that into has not got, and text after the
// value, are errors. A saved model of another layout must not be half understood.
func Decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after its end")
	}
	return nil
}
