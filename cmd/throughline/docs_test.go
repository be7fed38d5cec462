package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestDocumentedVariables: what the documentation tells people to set is known.
func TestDocumentedVariables(t *testing.T) {
	files, err := filepath.Glob("../../docs/*")
	if err != nil {
		t.Fatal(err)
	}
	variable := regexp.MustCompile(`THROUGHLINE_[A-Z_]*[A-Z]`)
	seen := 0
	for _, file := range append(files, "../../Dockerfile", "../../README.md") {
		if file == "../../docs/screenshots" {
			continue
		}
		for _, name := range variable.FindAllString(read(t, file), -1) {
			seen++
			if _, err := readConfig([]string{name + "="}); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d variables are named", seen)
	}
}

func TestComposeFile(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Build       struct{ Context string }
			Environment map[string]string
			Volumes     []string
			Profiles    []string
			User        string
			ReadOnly    bool     `yaml:"read_only"`
			CapDrop     []string `yaml:"cap_drop"`
			SecurityOpt []string `yaml:"security_opt"`
			Healthcheck struct{ Test []string }
			Restart     string
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal([]byte(read(t, "../../docs/compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for name, s := range file.Services {
		for _, v := range s.Volumes {
			volume, _, _ := strings.Cut(v, ":")
			if _, ok := file.Volumes[volume]; !ok {
				t.Errorf("%s: volume %s is not declared", name, volume)
			}
		}
		if s.User == "" || s.Restart == "" || len(s.Healthcheck.Test) == 0 || len(s.CapDrop) != 1 || s.CapDrop[0] != "ALL" ||
			len(s.SecurityOpt) != 1 || s.SecurityOpt[0] != "no-new-privileges:true" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	ours := file.Services["throughline"]
	if !ours.ReadOnly || ours.Profiles != nil || strings.Join(ours.Healthcheck.Test, " ") != "CMD /throughline healthcheck" {
		t.Errorf("%+v", ours)
	}
	if got := file.Services["clickhouse"].Profiles; len(got) != 1 || got[0] != "clickhouse" {
		t.Errorf("profiles of clickhouse: %v", got)
	}
	if _, err := os.Stat(filepath.Join("../../docs", ours.Build.Context, "Dockerfile")); err != nil {
		t.Error(err)
	}
	docker := read(t, "../../Dockerfile")
	for _, want := range []string{"USER " + ours.User, "THROUGHLINE_DATA_DIR=" + ours.Environment["THROUGHLINE_DATA_DIR"] + " ", "VOLUME " + ours.Environment["THROUGHLINE_DATA_DIR"] + "\n", `CMD ["/throughline", "healthcheck"]`} {
		if !strings.Contains(docker, want) {
			t.Errorf("the Dockerfile lacks %q", want)
		}
	}
}
