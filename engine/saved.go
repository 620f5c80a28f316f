package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/clv"
	"clientele/models/gammagamma"
	"clientele/models/purchase"
	"clientele/models/risk"
)

// savedModel is one model of a run as its file model.NAME.json has it: what every
// model tells of itself, alike for all, and what it learned. It holds no clock, no
// random value and no customer: the same facts give the same bytes.
type savedModel struct {
	Format        int               `json:"format"` // of this file: 1
	Model         string            `json:"model"`
	Method        string            `json:"method"`
	Status        models.Status     `json:"status"`
	AsOf          string            `json:"as_of"`
	Program       string            `json:"program"`    // version
	InputHash     string            `json:"input_hash"` // of the facts that it was fitted to, as in manifest.json
	Definitions   []string          `json:"definitions,omitempty"`
	Units         map[string]string `json:"units,omitempty"`
	Settings      savedSettings     `json:"settings"`
	Rows          int               `json:"rows"`
	Iterations    int               `json:"iterations"`
	LogLikelihood *float64          `json:"log_likelihood"`
	Parameters    []savedParameter  `json:"parameters,omitempty"`
	Warnings      []models.Warning  `json:"warnings,omitempty"`
	Fitted        json.RawMessage   `json:"fitted"` // as the model's package has it

	path   string // of the file
	sha256 string // of its bytes
	text   []byte
}

// savedSettings are those settings that decide what the columns of a model mean: it
// scores only where they are the same.
type savedSettings struct {
	Purchases string   `json:"purchases"`
	Purchase  string   `json:"purchase,omitempty"` // of churn_risk: the purchase model whose probability is among its features
	Buying    []string `json:"buying,omitempty"`
	Leaving   []string `json:"leaving,omitempty"`
	By        string   `json:"by,omitempty"`
}

func settingsOf(cfg config.Config) savedSettings {
	return savedSettings{Purchases: cfg.Purchases, Buying: cfg.Models.Buying, Leaving: cfg.Models.Leaving, By: cfg.Models.By}
}

// savedParameter is an estimate with its standard error, where it has one.
type savedParameter struct {
	Name  string   `json:"name"`
	Value float64  `json:"value"`
	Error *float64 `json:"se,omitempty"`
}

const (
	savedPrefix = "model."
	savedSuffix = ".json"
)

// isSavedModel tells the name of a saved model's file.
func isSavedModel(name string) bool {
	return strings.HasPrefix(name, savedPrefix) && strings.HasSuffix(name, savedSuffix)
}

// writeSaved writes every model of the run. One that was scored with saved
// parameters is written as it was read: where they come from stays known.
// input is the hash of the facts.
func (r *run) writeSaved(folder *workspace.RunDir, input string) error {
	for _, report := range r.reports {
		f, ok := r.fitted[report.Model]
		if !ok {
			continue
		}
		text := r.frozen.text(report.Model)
		if text == nil {
			var err error
			if text, err = r.saved(f, report, input).encode(); err != nil {
				return fmt.Errorf("save %s: %w", report.Model, err)
			}
		}
		if err := os.WriteFile(folder.File(savedPrefix+report.Model+savedSuffix), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) saved(f models.Fitted, report models.Report, input string) *savedModel {
	s := &savedModel{Format: 1, Model: report.Model, Method: report.Method, Status: report.Status, AsOf: r.asOf.String(), Program: r.Version,
		InputHash: input, Settings: settingsOf(r.Config), Rows: report.Rows, Iterations: report.Iterations, Warnings: report.Warnings}
	s.Definitions, s.Units = meaning(report.Model, r.currency)
	if report.Model == risk.Name {
		s.Settings.Purchase = r.learned.family.Name()
	}
	if !math.IsNaN(report.LogLikelihood) {
		s.LogLikelihood = &report.LogLikelihood
	}
	s.Parameters = withErrors(report.Parameters, report.Errors)
	var err error
	if s.Fitted, err = json.Marshal(f); err != nil {
		panic(err) // every model promises to marshal: package modelstest
	}
	return s
}

// withErrors puts standard errors beside the parameters that they are of.
func withErrors(list, errs []models.Parameter) []savedParameter {
	out := make([]savedParameter, len(list))
	for i, p := range list {
		out[i] = savedParameter{Name: p.Name, Value: p.Value}
		if k := slices.IndexFunc(errs, func(e models.Parameter) bool { return e.Name == p.Name }); k >= 0 && !math.IsNaN(errs[k].Value) && !math.IsInf(errs[k].Value, 0) {
			out[i].Error = &errs[k].Value
		}
	}
	return out
}

// meaning is what the numbers of a model are, and their units.
func meaning(model, currency string) (definitions []string, units map[string]string) {
	money := strings.TrimSpace("money " + currency)
	switch model {
	case "rfm":
		return []string{"Cut points and means of days since the last order, number of orders, and net revenue."},
			map[string]string{"recency": "days", "frequency": "orders", "money": money}
	case gammagamma.Name:
		return []string{"Spend is what a purchase day came to, after discounts and before refunds."}, map[string]string{"spend": money, "v": money}
	case clv.Name:
		return []string{"Value is discounted orders times spend times margin."}, map[string]string{"value": money, "margin": "share"}
	case risk.Name:
		return []string{"The probability that a customer buys nothing in the window after the as-of date."},
			map[string]string{"window": "days", "score": "probability"}
	case "churn":
		return []string{"Thresholds of the churn risk."}, map[string]string{"medium": "probability", "high": "probability"}
	case "lifecycle":
		return []string{"Thresholds of days since the first and the last purchase."}, map[string]string{"thresholds": "days"}
	}
	return []string{"x is the number of purchase days after the first, t_x and T the days from the first to the last and to the as-of date.",
			"Rates are of purchases and of loss for good, over time in weeks."},
		map[string]string{"x": "purchase days", "t_x": "days", "T": "days", "time": "weeks"}
}

// encode writes one line for each part: small, and readable for people too.
func (s *savedModel) encode() ([]byte, error) {
	parts, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	dec := json.NewDecoder(bytes.NewReader(parts))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	for before := "{\n  "; dec.More(); before = ",\n  " {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "%s%q: %s", before, name, value)
	}
	out.WriteString("\n}\n")
	return out.Bytes(), nil
}

// readSaved reads a saved model.
func readSaved(path string) (*savedModel, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", path, underlying(err))
	}
	s := &savedModel{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(s); err != nil || s.Format != 1 || s.Model == "" || len(s.Fitted) == 0 {
		return nil, fmt.Errorf("model %s: not a saved model that this program knows: a run has them as model.NAME.json", path)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("model %s: there is text after its end", path)
	}
	sum := sha256.Sum256(text)
	s.path, s.sha256, s.text = path, hex.EncodeToString(sum[:]), text
	return s, nil
}

// savedOf reads the saved models of a folder, by name.
func savedOf(dir string) ([]*savedModel, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("models of %s: %w", dir, underlying(err))
	}
	var out []*savedModel
	for _, e := range entries {
		if !isSavedModel(e.Name()) {
			continue
		}
		s, err := readSaved(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// purchaseFamily is the family of a saved purchase model; nil for another model.
func (s *savedModel) purchaseFamily() purchase.Family {
	for _, f := range Families() {
		if f.Name() == s.Model {
			return f
		}
	}
	return nil
}
