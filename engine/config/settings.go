package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Settings are the settings in force that influence results, by their names in
// the file (churn.window_days), as text. Left out: sources, rates and rejects,
// which decide what is loaded and are accounted for by the hash of the facts, the
// paths of models.frozen, whose contents are accounted for there too, contact and
// campaigns, which target lists and results record themselves, and checks, gates,
// keep, metrics, lineage, resources and output, which change no number of a run.
func Settings(c Config) map[string]string {
	out := map[string]string{}
	c.Sources, c.Checks, c.Contact, c.Gates = nil, nil, Contact{}, Gates{}
	c.Net, c.Identity.Match = sorted(c.Net), sorted(c.Identity.Match)
	flatten(out, "", reflect.ValueOf(c))
	for key := range out {
		section, _, _ := strings.Cut(key, ".")
		switch section {
		case "sources", "rates", "rejects", "checks", "contact", "campaigns", "gates", "keep", "metrics", "lineage", "resources", "output":
			delete(out, key)
		}
	}
	delete(out, "models.frozen")
	return out
}

// Hash is the SHA-256, in hex, of the Settings as JSON with sorted keys.
func Hash(c Config) string {
	text, err := json.Marshal(Settings(c))
	if err != nil {
		panic(err) // a map of strings can be marshalled
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Frozen are the settings that give facts their meaning, as text. The store
// records them when it is made, but for those of sources (OfSource tells them
// apart), which are recorded when the source is first loaded.
func Frozen(c Config) map[string]string {
	out := map[string]string{
		"timezone":     c.Timezone,
		"currency":     c.Currency,
		"net":          strings.Join(sorted(c.Net), ","),
		"refunds":      c.Refunds,
		"phone_region": c.PhoneRegion,
	}
	for _, s := range c.Sources {
		maps.Copy(out, FrozenSource(s))
	}
	return out
}

// FrozenSource are the settings of a source that give its facts their meaning:
// id_space.NAME and zone.NAME, and amount.NAME of a source of orders.
func FrozenSource(s Source) map[string]string {
	out := map[string]string{"id_space." + s.Name: s.IDSpace, "zone." + s.Name: s.Zone}
	switch s.Kind {
	case "orders", Auto, "":
		out["amount."+s.Name] = s.Amount
		if s.Amount == "" {
			out["amount."+s.Name] = Auto
		}
	}
	return out
}

// OfSource tells whether a key of Frozen is a setting of one source.
func OfSource(key string) bool {
	setting, _, found := strings.Cut(key, ".")
	return found && (setting == "id_space" || setting == "zone" || setting == "amount")
}

// CheckFrozen compares what a store recorded with the settings in force. A
// setting that only one side has is no difference, and neither is a currency
// of auto, which the first file loaded has settled.
func CheckFrozen(recorded, now map[string]string) error {
	keys := make([]string, 0, len(recorded))
	for key := range recorded {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		was := recorded[key]
		is, ok := now[key]
		if !ok || is == was || key == "currency" && (is == Auto || was == Auto) {
			continue
		}
		return &Error{Key: key, Reason: fmt.Sprintf("is %q now and was %q when the facts were loaded: set it back, or run clientele rebuild to load the sources again", is, was)}
	}
	return nil
}

// sorted is a sorted copy.
func sorted(words []string) []string {
	words = slices.Clone(words)
	slices.Sort(words)
	return words
}

// flatten writes each setting below v as text under its dotted name.
func flatten(out map[string]string, key string, v reflect.Value) {
	if v.Kind() == reflect.Struct {
		for i := range v.NumField() {
			name := v.Type().Field(i).Tag.Get("yaml")
			if key != "" {
				name = key + "." + name
			}
			flatten(out, name, v.Field(i))
		}
		return
	}
	out[key] = settingText(v)
}

func settingText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return Off
		}
		return settingText(v.Elem())
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Float64:
		return number(v.Float())
	case reflect.Slice:
		if v.Len() == 0 {
			return "[]"
		}
		text, err := json.Marshal(v.Interface())
		if err != nil {
			panic(err) // words, finite numbers, segments and exclusions can be marshalled
		}
		return string(text)
	}
	panic("config: no text for " + v.Type().String())
}

// number is the shortest text that reads back as v.
func number(v float64) string {
	return strconv.FormatFloat(v, 'f', -1, 64)
}
