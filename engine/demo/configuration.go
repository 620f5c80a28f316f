package demo

import (
	"bytes"
	"embed"
	"text/template"
	"time"
)

//go:embed clientele.yaml.tmpl
var templates embed.FS

// configuration is the clientele.yaml that loads the shop.
func (w *world) configuration() []byte {
	t := template.Must(template.ParseFS(templates, "clientele.yaml.tmpl"))
	var b bytes.Buffer
	err := t.Execute(&b, map[string]any{
		"Customers": w.opt.Customers, "Seed": w.opt.Seed, "Plain": w.opt.Plain, "Dialect": w.opt.Dialect,
		"From": w.opt.From.Format(time.DateOnly), "To": w.opt.To.Format(time.DateOnly), "Campaigns": len(w.campaigns),
	})
	if err != nil {
		panic(err) // the template is part of the program
	}
	return b.Bytes()
}
