package doraexport

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// Setup is what is counted, and whose it is.
type Setup struct {
	GitHub []string // connections whose own deployments count, not those made by rules
	Pushed []string // connections that deployments are pushed to
	Jira   []string // connections whose incidents and tickets count
	Teams  delivery.Teams
	// Services are the declared ones: a deployment of one is of its teams.
	Services []delivery.Service
	// Owners are the teams of repositories, in lower case, by a catalogue: of those
	// that no team maps.
	Owners map[string]string
}

// digest tells setups apart.
func (s *Setup) digest() string {
	text, err := json.Marshal(s)
	if err != nil { // texts only
		text = nil
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

func (s *Setup) deploys(connection string) bool {
	return slices.Contains(s.GitHub, connection) || slices.Contains(s.Pushed, connection)
}

// ofDeployment are the teams that a deployment is of: each counts it.
func (s *Setup) ofDeployment(repository, service, environment string) []string {
	services := []delivery.Service{{Name: service}, {Name: repository, Repository: repository}}
	for _, declared := range s.Services {
		named := service != "" && declared.Name == service
		within := repository != "" && strings.EqualFold(declared.Repository, repository)
		if named || within && service == "" && (len(declared.Environments) == 0 || declared.Environments.Match(environment)) {
			services = append(services, declared)
		}
	}
	var teams []string
	for i := range s.Teams {
		if slices.ContainsFunc(services, func(of delivery.Service) bool {
			return (of.Name != "" || of.Repository != "") && s.Teams[i].HasService(&of)
		}) {
			teams = append(teams, s.Teams[i].Name)
		}
	}
	if owner := s.Owners[strings.ToLower(repository)]; len(teams) == 0 && owner != "" {
		teams = []string{owner}
	}
	return orUnknown(teams)
}

// ofIncident are the teams that an incident names, else those of its project.
func (s *Setup) ofIncident(i *delivery.Incident) []string {
	if len(i.Teams) > 0 {
		teams := slices.Clone(i.Teams)
		slices.Sort(teams)
		return slices.Compact(teams)
	}
	var teams []string
	for t := range s.Teams {
		if i.Project != "" && s.Teams[t].JiraProjects.Match(i.Project) {
			teams = append(teams, s.Teams[t].Name)
		}
	}
	return orUnknown(teams)
}

func orUnknown(teams []string) []string {
	if len(teams) == 0 {
		return []string{unknown}
	}
	return teams
}
