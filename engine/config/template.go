package config

import _ "embed"

//go:embed template.yaml
var template string

// Template is a clientele.yaml that states every setting, its meaning and its
// default. Read as it stands it gives Default.
func Template() string { return template }
