// Package observability follows the spans and metrics of otelopenplatform to where they are looked at: over OTLP to a real
// OpenTelemetry collector, and from it to a real Prometheus that is asked what the dashboard and the alerts ask. It needs
// Debian's prometheus.
package observability
