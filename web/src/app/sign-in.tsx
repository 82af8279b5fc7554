// The door: for whoever came without the address that the server printed.
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { Mark } from './rail';
import './sign-in.css';

export function SignIn() {
  // The server takes a right token out of the address; one that is still there was wrong.
  const wasWrong = new URLSearchParams(window.location.search).has('token');
  return (
    <main className="sign-in">
      <div className="sign-in-column">
        <Mark />
        <h1 className="page-title">Sign in to Baton</h1>
        <p className="text-2 text-table">
          Open the address that <code>baton start</code> printed, or paste its token here.
        </p>
        <form action="/" method="get">
          <TextField
            label="Token"
            name="token"
            type="password"
            mono
            required
            error={wasWrong ? 'This is not the token of this server.' : undefined}
          />
          <Button look="primary" type="submit">
            Sign in
          </Button>
        </form>
      </div>
    </main>
  );
}
