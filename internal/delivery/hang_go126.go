//go:build !go1.27

package delivery

// http2MayHang says that net/http has the deadlock that exchangeOrLeave handles.
const http2MayHang = true
