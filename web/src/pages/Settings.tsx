export default function Settings() { return <main className="page"><h1>Settings</h1></main>; }
