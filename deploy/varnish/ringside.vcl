# Varnish 7.1 in front of a Ringside origin (`ringside live`, `ringside origin` or `ringside edge`).
#
# Identical requests wait for one: also those that the origin holds. Lifetimes are the origin's own. Nothing in a query
# enters a key or goes upstream, but the delivery directives of a playlist.

vcl 4.1;

import std;

include "./origin.vcl";

# Who may see /status, /metrics and /healthz.
acl house {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    set req.backend_hint = origin;
    unset req.http.Cookie;
    unset req.http.Authorization;

    # Encoders push to the origin itself, and edges of our own are fed by it.
    if (req.url ~ "^/(feed|ingest)([/?]|$)") {
        return (synth(404, "there is nothing by this name"));
    }
    if (req.url ~ "^/(status(\.json|/[^?]*)?|metrics|healthz)(\?|$)") {
        if (client.ip !~ house) {
            return (synth(403, "this is for the house"));
        }
        return (pass);
    }
    if (req.method == "OPTIONS") {
        return (synth(204, "No Content"));
    }
    if (req.method == "POST" && req.url ~ "^/cmcd(\?|$)") {
        return (pass);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (synth(405, "only GET, HEAD and OPTIONS are answered here"));
    }
    # A stream goes on for as long as its viewer stays: each has one of his own, and nothing of it is kept.
    if (req.url ~ "^/(clock|live/[^?]+/stream)(\?|$)") {
        return (pass);
    }
    call own_query;

    # What has expired may be shown for a second while it is fetched anew, so that nobody waits for an origin that has
    # just frozen; for as long as it was kept, once the origin is known to be away.
    if (std.healthy(req.backend_hint)) {
        set req.grace = 1s;
    }
    return (hash);
}

# Leave of the query what changes an answer: the directives of rfc8216bis section 6.2.5, in one order.
sub own_query {
    if (req.url !~ "\?") {
        return;
    }
    set req.http.X-Directives = "";
    if (req.url ~ "^[^?]*\.m3u8\?") {
        if (req.url ~ "[?&]_HLS_msn=") {
            set req.http.X-Directives = regsub(req.url, "^[^?]*\?(?:.*?&)?(_HLS_msn=[^&]*).*$", "&\1");
        }
        if (req.url ~ "[?&]_HLS_part=") {
            set req.http.X-Directives = req.http.X-Directives +
                regsub(req.url, "^[^?]*\?(?:.*?&)?(_HLS_part=[^&]*).*$", "&\1");
        }
        if (req.url ~ "[?&]_HLS_skip=") {
            set req.http.X-Directives = req.http.X-Directives +
                regsub(req.url, "^[^?]*\?(?:.*?&)?(_HLS_skip=[^&]*).*$", "&\1");
        }
    }
    set req.url = regsub(req.url, "\?.*$", "") + regsub(req.http.X-Directives, "^&", "?");
    unset req.http.X-Directives;
}

sub vcl_hash {
    hash_data(req.url);
    return (lookup);
}

sub vcl_backend_fetch {
    # Only media and playlists asked for with directives are ever held, and the next target latency, for up to 15 s. What
    # else does not come soon will not come.
    if (bereq.url ~ "^/live/[^/]+/target/") {
        set bereq.first_byte_timeout = 20s;
    } elsif (bereq.url !~ "(_HLS_msn=|\.m4s$)") {
        set bereq.first_byte_timeout = 3s;
    }
}

sub vcl_backend_response {
    unset beresp.http.X-Accel-Buffering;
    # A segment in the making goes to everybody who asked for it, chunk by chunk, from one request upstream.
    set beresp.do_stream = true;
    set beresp.grace = 30s;
    if (beresp.http.Content-Type ~ "(mpegurl|dash\+xml|json|javascript|svg|^text/)" && !beresp.http.Content-Encoding) {
        set beresp.do_gzip = true;
    }

    # An origin that fails while there is something older: go on with that.
    if (beresp.status >= 500 && bereq.is_bgfetch) {
        return (abandon);
    }
    # That there is no other target latency so far is not shown any longer than it holds.
    if (beresp.status == 204) {
        set beresp.grace = 0s;
    }
    # The origin says how long its refusals hold; one that says nothing holds for a second. A storm on something that
    # does not exist costs one request in that time.
    if (beresp.status >= 400) {
        set beresp.grace = 0s;
        set beresp.ttl = 1s;
        if (beresp.http.Cache-Control ~ "max-age=\d") {
            set beresp.ttl = std.duration(regsub(beresp.http.Cache-Control, "^.*max-age=(\d+).*$", "\1s"), 1s);
        }
        return (deliver);
    }
    # Pages and scripts are `no-cache` with an ETag: asked for anew at most once a second, and not sent again.
    if (beresp.http.Cache-Control ~ "no-cache" && beresp.http.ETag) {
        set beresp.ttl = 1s;
        set beresp.keep = 10m;
        return (deliver);
    }
}

sub vcl_backend_error {
    if (bereq.is_bgfetch) {
        return (abandon);
    }
    set beresp.http.Content-Type = "text/plain; charset=utf-8";
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "1";
    set beresp.http.Access-Control-Allow-Origin = "*";
    synthetic("the origin does not answer" + {"
"});
    set beresp.ttl = 1s;
    set beresp.grace = 0s;
    return (deliver);
}

sub vcl_synth {
    set resp.http.Cache-Control = "no-store";
    set resp.http.Access-Control-Allow-Origin = "*";
    if (resp.status == 204) {
        set resp.http.Allow = "GET, HEAD, OPTIONS";
        set resp.http.Access-Control-Allow-Methods = "GET, HEAD, OPTIONS, POST";
        set resp.http.Access-Control-Allow-Headers = "*, Range, Content-Type";
        set resp.http.Access-Control-Max-Age = "86400";
        return (deliver);
    }
    set resp.http.Content-Type = "text/plain; charset=utf-8";
    synthetic(resp.reason + {"
"});
    return (deliver);
}
