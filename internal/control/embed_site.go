package control

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// AnySite, as a site that may frame an embed, is every one.
const AnySite = "*"

var errSite = errors.New("not a site like https://wiki.example.com")

// FrameSite is a site as a policy's frame-ancestors names it: scheme, host and, unless
// it is the usual one, port. A host may begin with "*." for all below it. Nothing that
// it returns can end a policy's directive.
func FrameSite(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == AnySite {
		return AnySite, nil
	}
	if len(text) > 2000 {
		return "", errSite
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return "", errSite
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("a site begins with https:// or http://")
	case u.User != nil:
		return "", errors.New("a site has no user name")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#"):
		return "", errors.New("only the site, without what follows its host: browsers do not look at the path")
	}
	host, err := siteHost(u.Hostname())
	if err != nil {
		return "", err
	}
	origin := u.Scheme + "://" + host
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return "", errors.New("not a port: 1 to 65535")
		}
		if n != map[string]uint64{"http": 80, "https": 443}[u.Scheme] {
			origin += ":" + strconv.FormatUint(n, 10)
		}
	}
	return origin, nil
}

// siteHost is a host as browsers compare it: in lower case, with names of other
// alphabets in the form of the name service.
func siteHost(host string) (string, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Zone() != "" {
			return "", errSite
		}
		if ip.Is6() {
			return "[" + ip.String() + "]", nil
		}
		return ip.String(), nil
	}
	wild := ""
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		wild, host = "*.", rest
	}
	name, err := idna.Lookup.ToASCII(host)
	if err != nil || name == "" || len(name) > 253 || wild != "" && !strings.Contains(name, ".") {
		return "", errSite
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return "", errSite
		}
	}
	return wild + name, nil
}
