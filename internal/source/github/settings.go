package github

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"throughline/internal/source"
)

// maxListed bounds the lists of the settings.
const maxListed = 1000

// settings are a connection's settings, read and checked.
type settings struct {
	root          *url.URL // of the API
	repositories  []string // owner/name
	organizations []string
	exclude       []pattern
	e2e           []pattern
	rules         []deployRule
	ownBranches   bool // the settings say which branches are default ones
	initial       time.Duration

	token         string // "" with an app, or when only hooks are received
	app           *app   // nil with a token, or when only hooks are received
	webhookSecret string
	allowUnsigned bool
}

// app is a GitHub App, as installed in one account.
type app struct {
	id, installation string
	key              *rsa.PrivateKey
}

// settingErrors collects what cannot be used. id names the text in the message
// catalogue, below "setting.github.".
type settingErrors []error

func (e *settingErrors) refuse(f source.Field, id, message string, args ...string) {
	*e = append(*e, &source.SettingError{Field: f.Name, Message: message, Phrase: source.Phrase{ID: "setting.github." + id, Args: args}})
}

// read reports all that is wrong joined, each as a *source.SettingError.
func read(cfg source.Config) (settings, error) {
	kind := Kind()
	errs := settingErrors{kind.Validate(cfg.Settings)}

	var set settings
	s := cfg.Settings // Validate has said what cannot be read
	set.root, _ = s.ParsedURL(fieldBaseURL)
	set.initial, _ = s.Range(fieldInitialRange)
	set.allowUnsigned, _ = s.Bool(fieldUnsigned)
	branches, _ := s.List(fieldBranches)
	set.ownBranches = len(branches) > 0
	set.readScope(s, &errs)
	set.readAccess(cfg, &errs)
	if err := errors.Join(errs...); err != nil {
		return set, err
	}
	root := *set.root
	root.Path, root.RawPath = strings.TrimRight(root.Path, "/"), ""
	set.root = &root
	return set, nil
}

var (
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$`)
	accountName    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,99}$`)
	appID          = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`) // a client id works, too
	installationID = regexp.MustCompile(`^[0-9]{1,20}$`)
	tokenText      = regexp.MustCompile(`^[\x21-\x7e]*$`)
)

// isRepository reports whether name is owner/name, safe as a part of a path.
func isRepository(name string) bool {
	_, repo, _ := strings.Cut(name, "/")
	return repositoryName.MatchString(name) && repo != "." && repo != ".." && name[0] != '.'
}

// readScope reads what is pulled.
func (set *settings) readScope(s source.Settings, errs *settingErrors) {
	set.repositories, _ = s.List(fieldRepositories)
	for _, name := range set.repositories {
		if !isRepository(name) {
			errs.refuse(fieldRepositories, "repository", fmt.Sprintf("not a repository like acme/pay: %q", name), "value", name)
		}
	}
	set.organizations, _ = s.List(fieldOrganizations)
	for _, name := range set.organizations {
		if !accountName.MatchString(name) {
			errs.refuse(fieldOrganizations, "organization", fmt.Sprintf("not the name of an organisation like acme: %q", name), "value", name)
		}
	}
	for f, n := range map[*source.Field]int{&fieldRepositories: len(set.repositories), &fieldOrganizations: len(set.organizations)} {
		if n > maxListed {
			errs.refuse(*f, "many", fmt.Sprintf("lists more than %d", maxListed), "most", fmt.Sprint(maxListed))
		}
	}
	set.exclude = readPatterns(s, fieldExclude, errs)
	set.e2e = readPatterns(s, fieldE2E, errs)
	set.rules = readRules(s, errs)
}

// readAccess reads the secrets: a token, or an app, or neither when only hooks are
// received.
func (set *settings) readAccess(cfg source.Config, errs *settingErrors) {
	set.webhookSecret = strings.TrimSpace(cfg.Secrets[secretWebhook.Name])
	set.token = strings.TrimSpace(cfg.Secrets[secretToken.Name])
	key := strings.TrimSpace(cfg.Secrets[secretKey.Name])
	id, _ := cfg.Settings.Text(fieldApp)
	installation, _ := cfg.Settings.Text(fieldInstallation)
	if !tokenText.MatchString(set.token) {
		errs.refuse(secretToken, "token_characters", "holds characters that no token has")
	}
	switch isApp := id+installation+key != ""; {
	case isApp && set.token != "":
		errs.refuse(secretToken, "two_accesses", "give either a token or an app's app_id, installation_id and private_key")
	case isApp:
		set.app = readApp(id, installation, key, errs)
	case set.token != "" && len(set.repositories)+len(set.organizations) == 0 && set.webhookSecret == "" && !set.allowUnsigned:
		errs.refuse(secretToken, "nothing", "name repositories or organizations to fetch, or give a webhook_secret to receive hooks")
	case set.token != "":
	case len(set.repositories)+len(set.organizations) > 0:
		errs.refuse(secretToken, "no_token", "give a token, or an app's app_id, installation_id and private_key: repositories are to be read")
	case set.webhookSecret == "" && !set.allowUnsigned:
		errs.refuse(secretToken, "no_access", "give a token to read repositories with, or a webhook_secret to receive hooks")
	}
}

func readApp(id, installation, key string, errs *settingErrors) *app {
	a := &app{id: id, installation: installation}
	if !appID.MatchString(id) {
		errs.refuse(fieldApp, "app_id", "not the id of an app; a private_key works with app_id and installation_id only")
	}
	if !installationID.MatchString(installation) {
		errs.refuse(fieldInstallation, "installation_id", "not the number of an installation, which an app is used with")
	}
	if key == "" {
		errs.refuse(secretKey, "no_key", "an app needs its private_key")
		return a
	}
	var err error
	if a.key, err = parseKey(key); err != nil {
		errs.refuse(secretKey, "key", "not a private RSA key in PEM, as GitHub gave it for download")
	}
	return a
}
