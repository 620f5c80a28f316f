package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"clientele/engine/config"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/cluster"
	"clientele/models/clv"
	"clientele/models/gammagamma"
	"clientele/models/purchase"
	"clientele/models/risk"
)

// savedHead is what every layout of a saved model begins with.
type savedHead struct {
	Format    int    `json:"format"` // of the file: savedFormat
	Model     string `json:"model"`
	AsOf      string `json:"as_of"`
	Program   string `json:"program"`    // version
	InputHash string `json:"input_hash"` // of the facts that it was fitted to, as in manifest.json
}

// savedModel is one model of a run as its file model.NAME.json has it: what its numbers
// are of, and what it learned. It holds no clock, no random value and no customer, and
// nothing twice: the same facts give the same few hundred bytes.
type savedModel struct {
	savedHead
	Definitions string            `json:"definitions"`
	Units       map[string]string `json:"units,omitempty"`
	Currency    string            `json:"currency,omitempty"` // of money; empty where there is none, or none is known
	Settings    savedSettings     `json:"settings"`
	Fitted      json.RawMessage   `json:"fitted"` // as the model's package has it

	path   string // of the file
	sha256 string // of its bytes
	text   []byte
	fitted models.Fitted // once it is loaded
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

const (
	savedPrefix = "model."
	savedSuffix = ".json"
	savedFormat = 2 // 1 had what a fit says of itself twice
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
			if text, err = r.saved(f, report.Model, input); err != nil {
				return fmt.Errorf("save %s: %w", report.Model, err)
			}
		}
		if err := os.WriteFile(folder.File(savedPrefix+report.Model+savedSuffix), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// saved is the file of a model: one line of JSON.
func (r *run) saved(f models.Fitted, model, input string) ([]byte, error) {
	s := savedModel{savedHead: savedHead{Format: savedFormat, Model: model, AsOf: r.asOf.String(), Program: r.Version, InputHash: input},
		Settings: settingsOf(r.Config)}
	var money bool
	s.Definitions, s.Units, money = meaning(model)
	if model == risk.Name {
		s.Settings.Purchase = r.learned.family.Name()
		_, money = f.(*risk.Score) // among its features
	}
	if money {
		s.Currency = r.currency
	}
	var err error
	if s.Fitted, err = json.Marshal(f); err != nil {
		return nil, err
	}
	text, err := json.Marshal(s)
	return append(text, '\n'), err
}

// meaning is what the numbers of a model are, their units, and whether some are money.
func meaning(model string) (definitions string, units map[string]string, money bool) {
	switch model {
	case "rfm":
		return "Cut points, means and customers by score.", map[string]string{"recency": "days", "frequency": "orders", "money": "net revenue"}, true
	case gammagamma.Name:
		return "Spend of a purchase day, after discounts and before refunds.", map[string]string{"v": "money"}, true
	case clv.Name:
		return "Discounted orders times spend times margin.", map[string]string{"margin": "share"}, false
	case risk.Name:
		return "Probability of no purchase in the window after as_of.", map[string]string{"window": "days"}, false
	case "churn":
		return "Thresholds of churn_risk.", map[string]string{"medium": "probability", "high": "probability"}, false
	case "lifecycle":
		return "Thresholds of days since the first and the last purchase.", map[string]string{"thresholds": "days"}, false
	case cluster.Name:
		return "Centres of clusters: mean and deviation of log1p of the columns, and from them the place of each cluster.",
			map[string]string{"center": "standard deviations", "means": "as the columns of scores"}, true
	case recalibrationName:
		return "Orders that came in the last closed window over those forecast.", map[string]string{"forecast": "orders", "actual": "orders"}, false
	}
	return "x: purchase days after the first; t_x, T: time from the first to the last and to as_of.",
		map[string]string{"t_x": "days", "T": "days", "parameters": "weeks"}, false
}

// recalibrationName is the name of the level of the purchase model in the models table.
const recalibrationName = "recalibration"

// MarshalJSON implements json.Marshaler.
func (m *recalibration) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Factor    float64 `json:"factor"`
		Forecast  float64 `json:"forecast"`
		Actual    float64 `json:"actual"`
		Customers int     `json:"customers"`
	}{m.factor, m.forecast, m.actual, m.customers})
}

// headOf reads what a saved model of any layout begins with.
func headOf(path string) (head savedHead, text []byte, err error) {
	if text, err = os.ReadFile(path); err != nil {
		return head, nil, fmt.Errorf("model %s: %w", path, underlying(err))
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Model == "" || head.Format < 1 {
		return head, nil, fmt.Errorf("model %s: not a saved model that this program knows: a run has them as model.NAME.json", path)
	}
	return head, text, nil
}

// readSaved reads a saved model.
func readSaved(path string) (*savedModel, error) {
	head, text, err := headOf(path)
	if err != nil {
		return nil, err
	}
	if head.Format != savedFormat {
		return nil, fmt.Errorf("model %s: version %s wrote it in layout %d, and this program reads layout %d: score its day again (clientele score --as-of %s, where it was fitted) and name the new file",
			path, head.Program, head.Format, savedFormat, head.AsOf)
	}
	s := &savedModel{}
	if err := models.Decode(text, s); err != nil || len(s.Fitted) == 0 {
		return nil, fmt.Errorf("model %s: damaged, or not as this program writes it: score its day again (clientele score --as-of %s, where it was fitted) and name the new file", path, head.AsOf)
	}
	if err := checkSaved(path, text); err != nil {
		return nil, fmt.Errorf("model %w", err)
	}
	sum := sha256.Sum256(text)
	s.path, s.sha256, s.text = path, hex.EncodeToString(sum[:]), text
	return s, nil
}

// savedIn lists the files of saved models in a folder, by name.
func savedIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("models of %s: %w", dir, underlying(err))
	}
	var out []string
	for _, e := range entries {
		if isSavedModel(e.Name()) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// savedOf reads the saved models of a folder, by name.
func savedOf(dir string) ([]*savedModel, error) {
	files, err := savedIn(dir)
	if err != nil {
		return nil, err
	}
	var out []*savedModel
	for _, file := range files {
		s, err := readSaved(file)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// purchaseFamily is the family of a saved purchase model; nil for another model.
func (s *savedModel) purchaseFamily() purchase.Family { return purchaseFamily(s.Model) }

// purchaseFamily is the family of that name; nil for the name of another model.
func purchaseFamily(name string) purchase.Family {
	for _, f := range Families() {
		if f.Name() == name {
			return f
		}
	}
	return nil
}
