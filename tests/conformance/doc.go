// Package conformance tests the SDK and the sandbox against api/openapi.yaml. The two may share a mistake, and then
// they understand each other perfectly. So these tests call every operation over a socket, capture the bytes, and have
// a validator that shares no code with either check those bytes against the document. The document itself is read by
// other libraries too.
package conformance
