"""Envoy as a peer: prints its configuration (JSON). envoy.py CERTS RUN KIND PORT [cache]"""
import json, sys

certs, run, scen, port = sys.argv[1:5]
jwt_cache = "cache" in sys.argv[5:]
T = "type.googleapis.com/envoy."
router = {"name": "envoy.filters.http.router", "typed_config": {"@type": T + "extensions.filters.http.router.v3.Router", "suppress_envoy_headers": True}}

def ratelimit(header):
    return {"name": "envoy.filters.http.local_ratelimit", "typed_config": {
        "@type": T + "extensions.filters.http.local_ratelimit.v3.LocalRateLimit", "stat_prefix": "rl",
        "token_bucket": {"max_tokens": 1000000000, "tokens_per_fill": 1000000000, "fill_interval": "1s"},
        "filter_enabled": {"default_value": {"numerator": 100}}, "filter_enforced": {"default_value": {"numerator": 100}},
        "max_dynamic_descriptors": 20000,
        "rate_limits": [{"actions": [{"request_headers": {"header_name": header, "descriptor_key": "client"}}]}],
        "descriptors": [{"entries": [{"key": "client"}], "token_bucket": {"max_tokens": 1000000, "tokens_per_fill": 1000000, "fill_interval": "1s"}}]}}

def jwt():
    p = {"issuer": "https://as.example", "audiences": ["https://localhost"], "forward": True,
         "local_jwks": {"inline_string": open(certs + "/jwks.json").read()},
         "claim_to_headers": [{"header_name": "x-jwt-client", "claim_name": "client_id"}]}
    if jwt_cache:
        p["jwt_cache_config"] = {"jwt_cache_size": 1000}
    return {"name": "envoy.filters.http.jwt_authn", "typed_config": {"@type": T + "extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        "providers": {"as": p}, "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "as"}}]}}

def log():
    return [{"name": "envoy.access_loggers.file", "typed_config": {"@type": T + "extensions.access_loggers.file.v3.FileAccessLog", "path": run + "/access.log",
        "log_format": {"json_format": {"ts": "%START_TIME%", "peer": "%DOWNSTREAM_REMOTE_ADDRESS%", "client": "%REQ(X-JWT-CLIENT)%", "fp": "%DOWNSTREAM_PEER_FINGERPRINT_256%",
            "method": "%REQ(:METHOD)%", "path": "%REQ(:PATH)%", "status": "%RESPONSE_CODE%", "bytes": "%BYTES_SENT%", "ms": "%DURATION%", "proto": "%PROTOCOL%", "flags": "%RESPONSE_FLAGS%"}}}}]

def tls(mutual):
    c = {"alpn_protocols": ["h2", "http/1.1"], "tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
         "tls_certificates": [{"certificate_chain": {"filename": certs + "/server.crt"}, "private_key": {"filename": certs + "/server.key"}}]}
    t = {"@type": T + "extensions.transport_sockets.tls.v3.DownstreamTlsContext", "common_tls_context": c}
    if mutual:
        c["validation_context"] = {"trusted_ca": {"filename": certs + "/ca.crt"}}
        t["require_client_certificate"] = True
    return {"name": "tls", "typed_config": t}

filters = {"policy": [jwt(), ratelimit("x-jwt-client"), router]}.get(scen, [router])
hcm = {"@type": T + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "in", "codec_type": "AUTO",
       "generate_request_id": False, "use_remote_address": True, "http_filters": filters,
       "route_config": {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "up", "timeout": "30s"}}]}]}}
if scen == "policy":
    hcm["access_log"] = log()
chain = {"filters": [{"name": "hcm", "typed_config": hcm}]}
if scen in ("tls", "mtls", "policy"):
    chain["transport_socket"] = tls(scen != "tls")
sock = lambda p: {"socket_address": {"address": "127.0.0.1", "port_value": p}}
big = {"max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000, "max_retries": 3}
print(json.dumps({"static_resources": {
    "listeners": [{"name": "l", "address": sock(int(port)), "tcp_backlog_size": 4096, "filter_chains": [chain]}],
    "clusters": [{"name": "up", "connect_timeout": "5s", "type": "STATIC", "circuit_breakers": {"thresholds": [big]},
        "load_assignment": {"cluster_name": "up", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": sock(9000)}}]}]}}]}}))
