package openplatform

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Environment is one of the platform's environments (环境). It is a string that can come
// from a flag, an environment variable or a configuration file. [ParseEnvironment] and
// UnmarshalText accept the names below and their usual short forms.
type Environment string

// The platform's environments, from the domain list (域名列表) on its pages.
const (
	// Development is 开发, https://dev-etc.ebaas.com.
	Development Environment = "development"
	// Test is 测试, https://test-etc.ebaas.com.
	Test Environment = "test"
	// Production is 生产. The account and single sign-on pages give no host for it, so
	// [NewClient] needs [WithBaseURL]: passwords and phone numbers must not be sent to an
	// unconfirmed host.
	Production Environment = "production"
)

// ErrNoBaseURL is the error of [NewClient] for [Production] without [WithBaseURL]: the
// platform publishes no host for it.
var ErrNoBaseURL = errors.New("the platform publishes no host for this environment: " +
	"ask it for the base URL and pass it with WithBaseURL")

// ParseEnvironment returns the environment with the name s: "development", "dev" or
// "dev-etc"; "test" or "test-etc"; "production" or "prod". Case does not matter. Any other
// text, or an empty one, is an error.
func ParseEnvironment(s string) (Environment, error) {
	switch strings.ToLower(s) {
	case "development", "dev", "dev-etc":
		return Development, nil
	case "test", "test-etc":
		return Test, nil
	case "production", "prod":
		return Production, nil
	default:
		return "", fmt.Errorf("openplatform: unknown environment %q: want development, test or production", s)
	}
}

// String returns the environment's name.
func (e Environment) String() string { return string(e) }

// MarshalText implements [encoding.TextMarshaler]. An unknown environment is an
// error.
func (e Environment) MarshalText() ([]byte, error) {
	known, err := ParseEnvironment(string(e))
	if err != nil {
		return nil, err
	}
	return []byte(known), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler] with the rules of
// [ParseEnvironment].
func (e *Environment) UnmarshalText(text []byte) error {
	known, err := ParseEnvironment(string(text))
	if err != nil {
		return err
	}
	*e = known
	return nil
}

// baseURL returns the published address of e, "" if there is none. The pages give no scheme:
// the SDK uses https unless the caller sets another base URL.
func (e Environment) baseURL() (string, error) {
	known, err := ParseEnvironment(string(e))
	if err != nil {
		return "", err
	}
	return map[Environment]string{
		Development: "https://dev-etc.ebaas.com",
		Test:        "https://test-etc.ebaas.com",
	}[known], nil
}

// The environment variables that NewClientFromEnv reads.
const (
	envEnvironment = "OPENPLATFORM_ENV"
	envBaseURL     = "OPENPLATFORM_BASE_URL"
	envTimeout     = "OPENPLATFORM_TIMEOUT"
)

// NewClientFromEnv returns a client that is configured by environment variables:
//
//   - OPENPLATFORM_ENV is the environment, for [ParseEnvironment]; it is required;
//   - OPENPLATFORM_BASE_URL is the base URL, for [WithBaseURL]; production requires it;
//   - OPENPLATFORM_TIMEOUT is a duration such as 5s, for [WithTimeout].
//
// opts override them. The error for an invalid value names the variable and does not quote
// the value. Credentials are not read: pass them to [Client.AccessTokenSource].
func NewClientFromEnv(opts ...Option) (*Client, error) {
	env, err := ParseEnvironment(os.Getenv(envEnvironment))
	if err != nil {
		return nil, fmt.Errorf("openplatform: %s: want development, test or production", envEnvironment)
	}
	var fromEnv []Option
	if base := os.Getenv(envBaseURL); base != "" {
		fromEnv = append(fromEnv, named(envBaseURL, WithBaseURL(base)))
	}
	if timeout := os.Getenv(envTimeout); timeout != "" {
		d, err := time.ParseDuration(timeout)
		if err != nil {
			return nil, fmt.Errorf("openplatform: %s: want a duration such as 5s", envTimeout)
		}
		fromEnv = append(fromEnv, named(envTimeout, WithTimeout(d)))
	}
	client, err := NewClient(env, append(fromEnv, opts...)...)
	if errors.Is(err, ErrNoBaseURL) {
		return nil, fmt.Errorf("%w, or set %s", err, envBaseURL)
	}
	return client, err
}

// named puts the name of the option's variable before the option's error.
func named(variable string, opt Option) Option {
	return func(c *config) error {
		if err := opt(c); err != nil {
			return fmt.Errorf("%s: %w", variable, err)
		}
		return nil
	}
}
