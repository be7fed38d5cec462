package config

import (
	"os"
	"strings"
	"testing"

	"github.com/caarlos0/env/v11"
)

// TestVariablesAreDocumented: docs/configuration.md has every variable, with its
// default, and the file that may hold it where it is a secret.
func TestVariablesAreDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	known, err := env.GetFieldParamsWithOptions(&variables{}, env.Options{Prefix: Prefix})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range known {
		row := ""
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(line, "|") && strings.Contains(strings.SplitN(line, " | ", 2)[0], "`"+p.Key+"`") {
				row = line
			}
		}
		if row == "" {
			t.Errorf("%s is not documented", p.Key)
		} else if p.DefaultValue != "" && strings.Split(row, " | ")[1] != "`"+p.DefaultValue+"`" {
			t.Errorf("the default of %s is %s: %s", p.Key, p.DefaultValue, row)
		}
	}
	for _, name := range secrets() {
		if !strings.Contains(text, "`"+Prefix+name+"_FILE`") {
			t.Errorf("%s%s_FILE is not documented", Prefix, name)
		}
	}
}
