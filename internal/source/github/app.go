package github

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// clockSlack is how far GitHub's clock may be behind ours.
	clockSlack = time.Minute
	// appTokenLife is less than the ten minutes that GitHub accepts.
	appTokenLife = 8 * time.Minute
	// renewBefore is how long an installation's token must still live to be used.
	renewBefore = 3 * time.Minute
)

// pemBlock finds a key, too, whose lines a form has run together.
var pemBlock = regexp.MustCompile(`(?s)-----BEGIN ((?:RSA )?PRIVATE KEY)-----(.*?)-----END (?:RSA )?PRIVATE KEY-----`)

// parseKey reads a private key in PEM. Its error says nothing of what it holds.
func parseKey(text string) (*rsa.PrivateKey, error) {
	bad := errors.New("not a private RSA key")
	block := pemBlock.FindStringSubmatch(text)
	if block == nil {
		return nil, bad
	}
	body := strings.Join(strings.Fields(strings.ReplaceAll(block[2], `\n`, " ")), "")
	der, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return nil, bad
	}
	if block[1] == "RSA PRIVATE KEY" {
		if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			return key, nil
		}
		return nil, bad
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if rsaKey, ok := key.(*rsa.PrivateKey); err == nil && ok {
		return rsaKey, nil
	}
	return nil, bad
}

// token is what the app itself, not its installation, is known by.
func (a *app) token(now time.Time) (string, error) {
	claims := jwt.RegisteredClaims{
		Issuer:    a.id,
		IssuedAt:  jwt.NewNumericDate(now.Add(-clockSlack)),
		ExpiresAt: jwt.NewNumericDate(now.Add(appTokenLife)),
	}
	return jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(a.key)
}

// access is what requests are let in with.
type access struct {
	token string // a person's, which stays the same
	app   *app

	mu        sync.Mutex
	installed string // the installation's token
	expires   time.Time
}

// installation is the current token of the app's installation, made anew before it
// expires.
func (c *client) installation(ctx context.Context) (string, error) {
	a := &c.access
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.installed != "" && c.now().Add(renewBefore).Before(a.expires) {
		return a.installed, nil
	}
	got, err := c.do(ctx, request{
		method: http.MethodPost, path: "/app/installations/" + a.app.installation + "/access_tokens", limit: maxOtherBody, asApp: true,
	})
	if isStatus(err, http.StatusNotFound) {
		return "", unknownInstallation()
	}
	if err != nil {
		return "", err
	}
	var made struct {
		Token   string    `json:"token"`
		Expires time.Time `json:"expires_at"`
	}
	if json.Unmarshal(got.body, &made) != nil || made.Token == "" || !tokenText.MatchString(made.Token) {
		return "", &answerError{path: got.path, id: "token", what: "holds no token"}
	}
	if !made.Expires.After(c.now()) { // our clock is ahead, or it was not said
		made.Expires = c.now().Add(2 * renewBefore)
	}
	a.installed, a.expires = made.Token, made.Expires
	return a.installed, nil
}

// authorization is the header of that name, "" when there is nothing to show.
func (c *client) authorization(ctx context.Context, asApp bool) (string, error) {
	switch {
	case c.access.app == nil && c.access.token == "":
		return "", nil
	case c.access.app == nil:
		return "Bearer " + c.access.token, nil
	case asApp:
		token, err := c.access.app.token(c.now())
		return "Bearer " + token, err
	}
	token, err := c.installation(ctx)
	return "Bearer " + token, err
}

func unknownInstallation() error {
	return refusedApp("installation", "GitHub knows no such installation of the app: check installation_id")
}
